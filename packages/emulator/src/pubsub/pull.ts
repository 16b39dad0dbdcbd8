import { Alarm } from "../core/alarm";
import { ApiError } from "../core/api-error";
import type { Clock } from "../core/clock";
import { Heap, type Timed } from "../core/heap";
import type { Wire } from "../core/values";
import type { Delivery } from "./backlog";
import { type Message, messageResource } from "./message";
import type { Subscription } from "./subscription";

interface Lease {
  readonly delivery: Delivery;
  /** When the message is delivered again unless it is acknowledged. */
  readonly deadline: number;
  /** Called when the message is acknowledged, refused, or not answered in time. */
  readonly onEnd: () => void;
}

/** A message that is handed out. */
export interface Received {
  readonly message: Message;
  /** `google.pubsub.v1.ReceivedMessage` */
  readonly resource: object;
}

interface Expiry extends Timed {
  readonly ackId: string;
}

/**
 * Keeps a clock that jumps still, for a puller that works in real time.
 *
 * @returns lets it go on
 */
export type Hold = () => () => void;

const MAX_DEADLINE_SECONDS = 600;

/** Gives messages of a subscription to pullers, each on a lease. */
export class Puller {
  private readonly leases = new Map<string, Lease>();
  private readonly expiries = new Heap<Expiry>();
  private readonly alarm: Alarm;
  /** Goes off when a message is due to a puller that works in real time and got nothing. */
  private readonly due: Alarm;
  /** Keeps the clock still until that puller asks again. */
  private hold?: Hold;
  private awaited = () => {};
  private issued = 0;

  constructor(
    private readonly clock: Clock,
    private readonly subscription: Subscription,
  ) {
    this.alarm = new Alarm(clock, () => this.expire());
    this.due = new Alarm(clock, () => {
      this.awaited();
      this.awaited = this.hold?.() ?? this.awaited;
    });
  }

  stop(): void {
    this.alarm.stop();
    this.due.stop();
    this.awaited();
    for (const { onEnd } of this.leases.values()) onEnd();
  }

  /**
   * The messages that are due now, without waiting for more.
   *
   * @param hold of a puller that works in real time: until each message's lease ends, and while a
   *   message is due that it has not asked for yet
   * @returns `ReceivedMessage`s
   */
  pull(maxMessages: number, wire: Wire, hold?: Hold): object[] {
    if (!(maxMessages > 0))
      throw new ApiError("INVALID_ARGUMENT", `Invalid maxMessages ${maxMessages}; allowed: 1 or more.`);
    const { backlog, settings } = this.subscription;
    const received: object[] = [];
    while (received.length < maxMessages) {
      const release = hold?.();
      const next = this.take(wire, settings.ackDeadline, release);
      if (!next) {
        release?.();
        break;
      }
      received.push(next.resource);
    }
    if (hold) {
      this.hold = hold;
      this.awaited();
      if (received.length === 0 && backlog.next !== undefined) this.due.set(backlog.next);
    }
    return received;
  }

  /** Gives out the next message that is due. @param deadline milliseconds that its receiver has */
  take(wire: Wire, deadline: number, onEnd: () => void = () => {}): Received | undefined {
    const now = this.clock.now();
    const delivery = this.subscription.backlog.take(now);
    if (!delivery) return undefined;
    const { message } = delivery;
    const ackId = `${this.subscription.settings.name}:${this.issued++}`;
    this.lease(ackId, { delivery, deadline: now + deadline, onEnd });
    const deliveryAttempt = this.subscription.attemptToTell(delivery);
    const resource = {
      ackId,
      message: messageResource(message, wire),
      ...(deliveryAttempt ? { deliveryAttempt } : {}),
    };
    return { message, resource };
  }

  /**
   * A lease that has ended makes no difference: "Acknowledging a message more than once will not
   * result in an error."
   */
  acknowledge(ackIds: unknown): void {
    for (const ackId of this.readAckIds(ackIds)) {
      const lease = this.leases.get(ackId);
      if (!lease) continue;
      this.leases.delete(ackId);
      lease.onEnd();
      this.subscription.acknowledge(lease.delivery);
    }
  }

  /** Zero seconds are a nack. */
  async modifyDeadline(ackIds: unknown, seconds: number): Promise<void> {
    if (!(seconds >= 0 && seconds <= MAX_DEADLINE_SECONDS)) {
      throw new ApiError(
        "INVALID_ARGUMENT",
        `Invalid ackDeadlineSeconds ${seconds}; allowed: 0 to ${MAX_DEADLINE_SECONDS}.`,
      );
    }
    for (const ackId of this.readAckIds(ackIds)) {
      const lease = this.leases.get(ackId);
      if (!lease) continue;
      if (seconds > 0) this.lease(ackId, { ...lease, deadline: this.clock.now() + seconds * 1000 });
      else await this.end(ackId, lease);
    }
  }

  private lease(ackId: string, lease: Lease): void {
    this.leases.set(ackId, lease);
    this.expiries.push({ time: lease.deadline, order: this.issued, ackId });
    this.alarm.set(lease.deadline);
  }

  private expire(): void {
    const now = this.clock.now();
    for (let next = this.expiries.peek(); next; next = this.expiries.peek()) {
      if (next.time > now) {
        this.alarm.set(next.time);
        return;
      }
      this.expiries.pop();
      const lease = this.leases.get(next.ackId);
      if (lease?.deadline === next.time) void this.end(next.ackId, lease);
    }
  }

  private async end(ackId: string, { delivery, onEnd }: Lease): Promise<void> {
    this.leases.delete(ackId);
    onEnd();
    await this.subscription.fail(delivery);
  }

  private readAckIds(ackIds: unknown): string[] {
    if (!Array.isArray(ackIds) || ackIds.length === 0)
      throw new ApiError("INVALID_ARGUMENT", "The request has no ackIds.");
    const prefix = `${this.subscription.settings.name}:`;
    const wrong = ackIds.find((ackId) => typeof ackId !== "string" || !ackId.startsWith(prefix));
    if (wrong === undefined) return ackIds;
    throw new ApiError("INVALID_ARGUMENT", `You have passed an invalid ack ID to the service (ack_id=${wrong}).`);
  }
}
