import { Alarm } from "../core/alarm";
import { ApiError } from "../core/api-error";
import type { Clock } from "../core/clock";
import type { GrpcStream } from "../core/emulator";
import { GRPC_WIRE } from "../core/values";
import { sizeOf } from "./message";
import type { Puller } from "./pull";
import type { Subscription } from "./subscription";

/** `google.pubsub.v1.StreamingPullRequest` as it comes over gRPC. */
export interface StreamingPullRequest {
  readonly subscription?: string;
  readonly ackIds?: readonly string[];
  readonly modifyDeadlineSeconds?: readonly number[];
  readonly modifyDeadlineAckIds?: readonly string[];
  readonly streamAckDeadlineSeconds?: number;
  readonly clientId?: string;
  readonly maxOutstandingMessages?: string;
  readonly maxOutstandingBytes?: string;
  readonly protocolVersion?: string;
}

/** A stream that messages are sent down, and what is out on it. */
interface OpenStream {
  readonly stream: GrpcStream;
  readonly maxMessages: number;
  readonly maxBytes: number;
  /** Milliseconds that a message may take. */
  deadline: number;
  messages: number;
  bytes: number;
  /** The caller does not read as fast as messages come. */
  isFull: boolean;
  /** Lets a clock that jumps go on, for each message that is out. */
  readonly holds: Set<() => void>;
  fail(error: ApiError): void;
}

/**
 * After how long Pub/Sub ends a stream, so that the client opens another one. That it does is
 * documented ("to reassign server-side resources", pubsub.proto); the time is ours.
 */
const LIFETIME = 30 * 60_000;
/** Seconds. Source: `StreamingPullRequest.stream_ack_deadline_seconds` in pubsub.proto. */
const DEADLINES = { min: 10, max: 600 };
/** Fields that only the first request of a stream may set. Source: pubsub.proto. */
const ONLY_FIRST = ["subscription", "maxOutstandingMessages", "maxOutstandingBytes", "protocolVersion"] as const;

/**
 * StreamingPull of one subscription: messages go down the open streams in turn, as far as each
 * stream's limits allow.
 */
export class Streams {
  /** The stream whose turn it is comes first. */
  private readonly open = new Set<OpenStream>();
  private readonly alarm: Alarm;

  constructor(
    private readonly clock: Clock,
    private readonly subscription: Subscription,
    private readonly puller: Puller,
  ) {
    this.alarm = new Alarm(clock, () => this.deliver());
    subscription.onChange = () => this.deliver();
  }

  /** What an open stream waits for; nothing without one. */
  pending(): number {
    return this.open.size > 0 ? this.subscription.backlog.size : 0;
  }

  stop(): void {
    this.alarm.stop();
    for (const { fail } of this.open) fail(new ApiError("UNAVAILABLE", "The run has ended."));
  }

  /**
   * Serves one stream until its caller is gone or sends no more.
   *
   * @throws ApiError INVALID_ARGUMENT for a request that is not valid, UNAVAILABLE when the stream
   *   has lived its time
   */
  async serve(
    stream: GrpcStream,
    first: StreamingPullRequest,
    requests: AsyncIterator<StreamingPullRequest>,
  ): Promise<void> {
    let fail = (_: ApiError) => {};
    const failed = new Promise<never>((_, reject) => {
      fail = reject;
    });
    failed.catch(() => {});
    const opened: OpenStream = {
      stream,
      maxMessages: limit(first.maxOutstandingMessages),
      maxBytes: limit(first.maxOutstandingBytes),
      deadline: deadlineOf(first) ?? 0,
      messages: 0,
      bytes: 0,
      isFull: false,
      holds: new Set(),
      fail,
    };
    if (!opened.deadline) throw invalid("The first request must set stream_ack_deadline_seconds.");
    const cancel = this.clock.at(this.clock.now() + LIFETIME, () =>
      fail(new ApiError("UNAVAILABLE", "The service was unable to fulfill your request. Please try again.")),
    );
    try {
      await this.apply(first);
      await stream.send({
        subscriptionProperties: {
          exactlyOnceDeliveryEnabled: false,
          messageOrderingEnabled: this.subscription.settings.ordered,
        },
      });
      this.open.add(opened);
      this.deliver();
      await Promise.race([this.read(opened, requests), failed]);
    } finally {
      cancel();
      this.open.delete(opened);
      // What is out stays out until it is acknowledged elsewhere or its time is over.
      for (const release of opened.holds) release();
    }
  }

  private async read(opened: OpenStream, requests: AsyncIterator<StreamingPullRequest>): Promise<void> {
    for (;;) {
      const { done, value } = await requests.next();
      if (done) return;
      const again = ONLY_FIRST.find((name) => isSet(value[name]));
      if (again) throw invalid(`${again} can only be set on the first request of a stream.`);
      opened.deadline = deadlineOf(value) ?? opened.deadline;
      await this.apply(value);
    }
  }

  /** Acknowledges and extends; an empty request keeps the stream alive. */
  private async apply(request: StreamingPullRequest): Promise<void> {
    const { ackIds = [], modifyDeadlineAckIds = [], modifyDeadlineSeconds = [] } = request;
    if (ackIds.length > 0) this.puller.acknowledge(ackIds);
    if (modifyDeadlineAckIds.length !== modifyDeadlineSeconds.length) {
      throw invalid(
        `The request has ${modifyDeadlineAckIds.length} modify_deadline_ack_ids and ${modifyDeadlineSeconds.length} modify_deadline_seconds; allowed: as many of both.`,
      );
    }
    for (const [index, ackId] of modifyDeadlineAckIds.entries()) {
      await this.puller.modifyDeadline([ackId], modifyDeadlineSeconds[index] ?? 0);
    }
  }

  private deliver(): void {
    const { backlog } = this.subscription;
    for (;;) {
      const next = backlog.next;
      const opened = [...this.open].find(hasRoom);
      if (next === undefined || !opened) return;
      if (next > this.clock.now()) {
        this.alarm.set(next);
        return;
      }
      this.send(opened);
      this.open.delete(opened);
      this.open.add(opened);
    }
  }

  /** Sends what is due down a stream that has room. */
  private send(opened: OpenStream): void {
    const hold = this.clock.hold?.() ?? (() => {});
    let bytes = 0;
    const received = this.puller.take(GRPC_WIRE, opened.deadline, () => {
      opened.messages--;
      opened.bytes -= bytes;
      opened.holds.delete(hold);
      hold();
    });
    if (!received) {
      hold();
      return;
    }
    bytes = sizeOf(received.message);
    opened.messages++;
    opened.bytes += bytes;
    opened.holds.add(hold);
    opened.isFull = true;
    void opened.stream.send({ receivedMessages: [received.resource] }).then(() => {
      opened.isFull = false;
      this.deliver();
    });
  }
}

function hasRoom({ isFull, messages, maxMessages, bytes, maxBytes }: OpenStream): boolean {
  return !isFull && messages < maxMessages && bytes < maxBytes;
}

/** Zero and less mean no limit. */
function limit(value: string | undefined): number {
  const number = Number(value ?? 0);
  return number > 0 ? number : Number.POSITIVE_INFINITY;
}

/** @returns milliseconds; undefined where the request sets none */
function deadlineOf({ streamAckDeadlineSeconds: seconds }: StreamingPullRequest): number | undefined {
  if (!seconds) return undefined;
  if (seconds >= DEADLINES.min && seconds <= DEADLINES.max) return seconds * 1000;
  throw invalid(`Invalid stream_ack_deadline_seconds ${seconds}; allowed: ${DEADLINES.min} to ${DEADLINES.max}.`);
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== "" && value !== "0";
}

function invalid(message: string): ApiError {
  return new ApiError("INVALID_ARGUMENT", message);
}
