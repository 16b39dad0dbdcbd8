import { Alarm } from "../core/alarm";
import type { EmulatorContext } from "../core/emulator";
import { bearer } from "../core/identity";
import { JSON_WIRE } from "../core/values";
import type { Delivery } from "./backlog";
import { messageResource } from "./message";
import type { PushSettings } from "./settings";
import type { Subscription } from "./subscription";

/** Statuses that acknowledge: https://docs.cloud.google.com/pubsub/docs/push */
const SUCCESS = new Set([102, 200, 201, 202, 204]);

/**
 * Requests out at one time, at first and at most. That it adapts is documented, the numbers are
 * ours.
 */
const FIRST_WINDOW = 4;
const MAX_WINDOW = 100;

/**
 * Wait after a failure without a retry policy, doubled with each in a row:
 * https://docs.cloud.google.com/pubsub/docs/push
 */
const MIN_PAUSE = 100;
const MAX_PAUSE = 60_000;

/**
 * Pushes what a subscription has to deliver: a window of requests that opens with successes and
 * closes with failures.
 */
export class Pusher {
  private readonly alarm: Alarm;
  private window = FIRST_WINDOW;
  private out = 0;
  private failures = 0;
  private pausedUntil = 0;
  private stopped = false;

  constructor(
    private readonly context: EmulatorContext,
    private readonly subscription: Subscription,
    private readonly settings: PushSettings,
  ) {
    this.alarm = new Alarm(context.clock, () => this.pushDue());
    subscription.onChange = () => this.pushDue();
  }

  stop(): void {
    this.stopped = true;
    this.alarm.stop();
  }

  private pushDue(): void {
    const now = this.context.clock.now();
    const { backlog } = this.subscription;
    while (!this.stopped && this.out < this.window) {
      const next = backlog.next;
      if (next === undefined) return;
      const due = Math.max(next, this.pausedUntil);
      const delivery = due > now ? undefined : backlog.take(now);
      if (!delivery) {
        this.alarm.set(due);
        return;
      }
      void this.push(delivery, now);
    }
  }

  private async push(delivery: Delivery, start: number): Promise<void> {
    const { clock, recorder, invoker } = this.context;
    this.out++;
    const { status, failure, skipped } = await invoker.invoke(this.request(delivery));
    this.out--;
    if (this.stopped) return;
    recorder.hop({
      from: `subscription ${this.subscription.settings.id}`,
      to: this.settings.endpoint,
      what: `message ${delivery.message.id}`,
      attempt: delivery.attempt,
      status: failure ? (failure === "deadline" ? "DEADLINE_EXCEEDED" : "UNAVAILABLE") : String(status),
      duration: clock.now() - start,
      ...(skipped && { detail: "skipped: its worker cannot run here; Pub/Sub would deliver it again" }),
    });
    const acknowledged = SUCCESS.has(status) || skipped === true;
    this.adapt(acknowledged);
    if (acknowledged) this.subscription.acknowledge(delivery);
    else await this.subscription.fail(delivery);
  }

  /**
   * Doubles the window with every round of successes; halves it, and pauses without a retry policy,
   * after a failure.
   */
  private adapt(acknowledged: boolean): void {
    this.failures = acknowledged ? 0 : this.failures + 1;
    this.window = acknowledged ? Math.min(this.window + 1, MAX_WINDOW) : Math.max(Math.floor(this.window / 2), 1);
    if (acknowledged || this.subscription.settings.retry) return;
    this.pausedUntil = this.context.clock.now() + Math.min(MIN_PAUSE * 2 ** (this.failures - 1), MAX_PAUSE);
  }

  /**
   * The wrapped form. The ack deadline is also the request's timeout:
   * `Subscription.ack_deadline_seconds` in pubsub.proto.
   */
  private request(delivery: Delivery) {
    const { endpoint, identity } = this.settings;
    const { name, ackDeadline } = this.subscription.settings;
    const message = messageResource(delivery.message, JSON_WIRE) as { messageId: string; publishTime: string };
    const body = {
      message: { ...message, message_id: message.messageId, publish_time: message.publishTime },
      subscription: name,
      deliveryAttempt: this.subscription.attemptToTell(delivery),
    };
    return {
      url: endpoint,
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "User-Agent": "CloudPubSub-Google",
        ...(identity ? { Authorization: bearer(this.context.tokens, identity, endpoint) } : {}),
      },
      body: Buffer.from(JSON.stringify(body)),
      deadline: ackDeadline,
    };
  }
}
