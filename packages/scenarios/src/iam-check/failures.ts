import type { Invocation, Invoker } from "@cdktf-serverless-ml/emulator";
import type { StackFunction, StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { type Item, itemOf } from "../shared/item";

const NO_ANSWER = { status: 0, headers: {}, body: Buffer.alloc(0), failure: "connection" } as const;
/** Not JSON in any encoding, so that a function that reads JSON refuses it for good. */
const SPOILT = Buffer.from("{");

/**
 * Makes each function fail, whatever its code does, so that a run needs what dead letters take. Of the items that come to a
 * function, the second one's deliveries get no answer until its attempts are spent: then the function or Pub/Sub hands it
 * over. Of messages, the third one's payload is spoilt as well: a function that hands over what it can never do, does so.
 * The first item, and all after these, pass.
 */
export class Failures {
  /** Function and sender -> ids of their items in the order in which they came. */
  private readonly items = new Map<string, string[]>();
  private readonly failed = new Map<string, number>();

  constructor(private readonly index: StackIndex) {}

  invoker(inner: Invoker): Invoker {
    return {
      invoke: async (invocation) => {
        const target = this.index.functionAt(invocation.url);
        const item = target === undefined ? undefined : itemOf(invocation);
        if (target === undefined || !item || item.isExecution) return inner.invoke(invocation);
        const place = this.placeOf(target.name, item);
        if (place === 1 && this.isToFail(target, item)) return NO_ANSWER;
        return inner.invoke(place === 2 && item.message ? spoilt(invocation) : invocation);
      },
    };
  }

  /** Which of the items of its sender at that function it is, 0 the first. */
  private placeOf(target: string, item: Item): number {
    const key = `${target} ${item.message?.subscription ?? "tasks"}`;
    const items = this.items.get(key) ?? [];
    this.items.set(key, items);
    const place = items.indexOf(item.id);
    return place < 0 ? items.push(item.id) - 1 : place;
  }

  /** Messages fail until Pub/Sub forwards them, where it does; tasks until the function's own budget is spent. */
  private isToFail(target: StackFunction, { id, message }: Item): boolean {
    if (message) return this.index.forwards(message.subscription);
    const failed = this.failed.get(id) ?? 0;
    this.failed.set(id, failed + 1);
    return failed < this.index.attemptsOf(target);
  }
}

/** The same message with a payload that is no JSON. */
function spoilt(invocation: Invocation): Invocation {
  const body = JSON.parse(invocation.body.toString());
  const message = { ...body.message, data: SPOILT.toString("base64") };
  return { ...invocation, body: Buffer.from(JSON.stringify({ ...body, message })) };
}
