import { type Invocation, type Invoker, type Item, itemOf } from "@cdktf-serverless-ml/emulator";
import type { StackIndex, StackWorker } from "@cdktf-serverless-ml/terraform-json";
import { noAnswer } from "../shared/no-answer";

/** Not JSON, so that a function that reads JSON refuses it for good. */
const NOT_JSON = Buffer.from("{");

/**
 * Makes each function fail, whatever its code does, so that a run needs the permissions of dead
 * letters. Deliveries of a function's second item get no answer until its attempts are used up:
 * then the function or Pub/Sub sends it to the dead letter. The payload of its third item, if that
 * is a message, becomes invalid JSON: a function that sends invalid items to the dead letter does
 * so. All other items pass.
 */
export class Failures {
  /** Ids of a function's items of one sender, in the order of their first delivery. */
  private readonly items = new Map<string, string[]>();
  private readonly failed = new Map<string, number>();

  constructor(private readonly index: StackIndex) {}

  invoker(inner: Invoker): Invoker {
    return {
      invoke: async (invocation) => {
        const target = this.index.workerAt(invocation.url);
        const item = target === undefined ? undefined : itemOf(invocation);
        if (target === undefined || !item || item.isExecution) return inner.invoke(invocation);
        const place = this.placeOf(target.name, item);
        if (place === 1 && this.isToFail(target, item)) return noAnswer("connection");
        return inner.invoke(place === 2 && item.message ? withBadPayload(invocation) : invocation);
      },
    };
  }

  /** The item's place among those of its sender at that function, counted from 0. */
  private placeOf(target: string, item: Item): number {
    const key = `${target} ${item.message?.subscription ?? "tasks"}`;
    const items = this.items.get(key) ?? [];
    this.items.set(key, items);
    const place = items.indexOf(item.id);
    return place < 0 ? items.push(item.id) - 1 : place;
  }

  /**
   * Messages fail until Pub/Sub forwards them, if it does. Tasks fail until the function's attempts
   * are used up.
   */
  private isToFail(target: StackWorker, { id, message }: Item): boolean {
    if (message) return this.index.forwards(message.subscription);
    const failed = this.failed.get(id) ?? 0;
    this.failed.set(id, failed + 1);
    return failed < this.index.attemptsOf(target);
  }
}

/** The same message with a payload that is not JSON. */
function withBadPayload(invocation: Invocation): Invocation {
  const body = JSON.parse(invocation.body.toString());
  const message = { ...body.message, data: NOT_JSON.toString("base64") };
  return { ...invocation, body: Buffer.from(JSON.stringify({ ...body, message })) };
}
