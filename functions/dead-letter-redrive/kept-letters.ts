import * as v from "valibot";
import { timeLeft } from "../shared/deadline";
import { GoogleApiError } from "../shared/errors";
import type { GoogleApi } from "../shared/google-api";
import { TIMED_OUT } from "../shared/retry";

/** A kept dead letter, on a lease of this call. */
export interface Letter {
  readonly id: string;
  readonly ackId: string;
  /** Base64. */
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly publishTime: string;
  readonly orderingKey?: string;
}

const pulledSchema = v.object({
  receivedMessages: v.optional(
    v.array(
      v.object({
        ackId: v.string(),
        message: v.object({
          data: v.optional(v.string(), ""),
          attributes: v.optional(v.record(v.string(), v.string()), {}),
          messageId: v.string(),
          publishTime: v.string(),
          orderingKey: v.optional(v.string()),
        }),
      }),
    ),
    [],
  ),
});

/** Pub/Sub's longest lease in seconds: `ModifyAckDeadlineRequest.ack_deadline_seconds`. */
export const LONGEST_LEASE = 600;
/**
 * Milliseconds after which a pull has brought nothing. Pub/Sub waits for "a bounded amount of
 * time".
 */
const PATIENCE = 10_000;
/** A request takes up to 512 KiB, and an ackId has some 200 bytes. */
const ACK_IDS = 1_000;
const FIRST_PAGE = 10;
const LARGEST_PAGE = 100;
/** Base64 characters of one page, so that it fits into the function's memory. */
const PAGE_CHARACTERS = 40_000_000;

/**
 * The letters of one subscription. Each is pulled once: those that were neither acknowledged nor
 * released stay on their lease, so that a later pull does not bring them again.
 */
export class KeptLetters {
  /** Ids of the letters that are on a lease, with their ackIds. */
  private readonly held = new Map<string, string>();
  private page = FIRST_PAGE;

  /** @param subscription `projects/P/subscriptions/S` */
  constructor(
    private readonly google: GoogleApi,
    private readonly subscription: string,
  ) {}

  /** @returns letters that this call has not seen yet; none when no more come. */
  async pull(max: number): Promise<Letter[]> {
    const pulled = await this.ask<unknown>("pull", { maxMessages: Math.min(max, this.page) }, PATIENCE).catch(
      nothingInTime,
    );
    const received = v
      .parse(pulledSchema, pulled)
      .receivedMessages.map(({ ackId, message: { messageId: id, ...message } }): Letter => ({ id, ackId, ...message }));
    if (received.length === 0) return [];
    const letters = received.filter(({ id }) => !this.held.has(id));
    for (const { id, ackId } of received) this.held.set(id, ackId);
    const ackIds = received.map(({ ackId }) => ackId);
    await this.ask("modifyAckDeadline", { ackIds, ackDeadlineSeconds: leaseSeconds() });
    const largest = Math.max(1, ...letters.map(({ data }) => data.length));
    this.page = Math.max(1, Math.min(LARGEST_PAGE, Math.floor(PAGE_CHARACTERS / largest)));
    return letters;
  }

  /** The letter is no longer kept. */
  async acknowledge({ id, ackId }: Letter): Promise<void> {
    await this.ask("acknowledge", { ackIds: [ackId] });
    this.held.delete(id);
  }

  /** Lets others have all letters that are still on a lease. */
  async release(): Promise<void> {
    const ackIds = [...this.held.values()];
    this.held.clear();
    for (let from = 0; from < ackIds.length; from += ACK_IDS) {
      await this.ask("modifyAckDeadline", { ackIds: ackIds.slice(from, from + ACK_IDS), ackDeadlineSeconds: 0 });
    }
  }

  private ask<T>(method: string, body: object, timeout?: number): Promise<T> {
    const url = `https://pubsub.googleapis.com/v1/${this.subscription}:${method}`;
    // A repeated pull leases other letters, and the leases of a lost answer end by themselves.
    return this.google<T>({ method: "POST", url, body, idempotent: true, ...(timeout && { timeout }) });
  }
}

/** A little longer than this call. What a call that dies has on a lease is free after that. */
function leaseSeconds(): number {
  return Math.min(LONGEST_LEASE, Math.ceil(timeLeft() / 1_000) + 10);
}

function nothingInTime(error: unknown): object {
  if (error instanceof GoogleApiError && [TIMED_OUT, "DEADLINE_EXCEEDED"].includes(error.reason)) return {};
  throw error;
}
