import { Heap, type Timed } from "../core/heap";
import type { Message } from "./message";

/** A message on its way to one subscription. */
export interface Delivery extends Timed {
  message: Message;
  /** When it may be delivered. */
  time: number;
  /** Deliveries begun: 1 + nacks + missed deadlines (`ReceivedMessage.delivery_attempt`). */
  attempt: number;
}

/**
 * The messages that a subscription has not delivered yet. With ordering, one message of a key is
 * delivered at a time, and the next one follows when it is acknowledged or dead-lettered. Google is
 * less strict: one puller may get several messages of a key.
 */
export class Backlog {
  private readonly due = new Heap<Delivery>();
  /** Ordering key -> the messages behind the one that is due or delivered. */
  private readonly chains = new Map<string, Delivery[]>();
  /** All messages that are neither acknowledged nor dead-lettered. */
  private readonly open = new Set<Delivery>();
  private order = 0;
  /** The one message that is delivered, and those that wait for its end. */
  private alone?: { readonly id: string; readonly others: Delivery[] };

  constructor(private readonly ordered: boolean) {}

  get size(): number {
    return this.open.size;
  }

  /** Oldest first. */
  get messages(): Message[] {
    return [...this.open].map(({ message }) => message);
  }

  add(message: Message, now: number): void {
    const delivery: Delivery = { message, time: now, order: this.order++, attempt: 0 };
    this.open.add(delivery);
    const chain = this.chainOf(message);
    if (chain) chain.push(delivery);
    else this.schedule(delivery);
    if (!chain && this.isOrdered(message)) this.chains.set(message.orderingKey, []);
  }

  /** Replaces what a message holds. @returns false if it is not here */
  edit(id: string, data: Buffer): boolean {
    for (const delivery of this.open) {
      if (delivery.message.id !== id) continue;
      delivery.message = { ...delivery.message, data };
      return true;
    }
    return false;
  }

  /**
   * Delivers one message alone for a while. What comes, or comes back, meanwhile waits too. Those
   * that are delivered already stay so.
   *
   * @returns puts the others back; undefined if the message is not here, is delivered, or waits
   * behind another of its key, or if one is alone already
   */
  isolate(id: string): (() => void) | undefined {
    if (this.alone) return undefined;
    const waiting: Delivery[] = [];
    for (let next = this.due.pop(); next; next = this.due.pop()) waiting.push(next);
    const isHere = waiting.some(({ message }) => message.id === id);
    const others: Delivery[] = [];
    if (isHere) this.alone = { id, others };
    for (const delivery of waiting) this.schedule(delivery);
    if (!isHere) return undefined;
    return () => {
      this.alone = undefined;
      for (const delivery of others.splice(0)) this.due.push(delivery);
    };
  }

  /** When the next delivery is due. */
  get next(): number | undefined {
    return this.due.peek()?.time;
  }

  /** Begins the next delivery that is due. */
  take(now: number): Delivery | undefined {
    const delivery = this.due.peek();
    if (!delivery || delivery.time > now) return undefined;
    this.due.pop();
    delivery.attempt++;
    return delivery;
  }

  /** Schedules a delivery again. */
  putBack(delivery: Delivery, time: number): void {
    delivery.time = time;
    this.schedule(delivery);
  }

  remove(delivery: Delivery): void {
    this.open.delete(delivery);
    const { message } = delivery;
    const chain = this.chainOf(message);
    if (!chain) return;
    const next = chain.shift();
    if (next) this.schedule(next);
    else if (message.orderingKey) this.chains.delete(message.orderingKey);
  }

  private schedule(delivery: Delivery): void {
    const { alone, due } = this;
    if (alone && alone.id !== delivery.message.id) alone.others.push(delivery);
    else due.push(delivery);
  }

  private chainOf(message: Message): Delivery[] | undefined {
    return this.isOrdered(message) ? this.chains.get(message.orderingKey) : undefined;
  }

  private isOrdered(message: Message): message is Message & { orderingKey: string } {
    return this.ordered && Boolean(message.orderingKey);
  }
}
