import type { Invocation, InvocationResult, Invoker } from "@cdktf-serverless-ml/emulator";
import type { StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { callId, callText, workflowCall } from "../shared/call";
import type { FaultLog } from "../shared/fault-log";
import { type Item, itemOf } from "../shared/item";
import type { CrashGuard } from "./crash-guard";
import type { DelayedWork } from "./delayed-work";
import { callHangs, type DeliveryFault, delayOf, deliveryFault, lateBy, repeatedAfter } from "./schedule";

export interface DeliveryOptions {
  readonly seed: number;
  readonly index: StackIndex;
  readonly crashGuard: CrashGuard;
  readonly faultLog: FaultLog;
  readonly delayed: DelayedWork;
}

/** One attempt of a sender, and what it is about. */
interface Attempt {
  readonly invocation: Invocation;
  readonly item: Item;
  /** Which attempt for the item it is, 1 the first. */
  readonly nth: number;
  readonly to: string;
}

/** Attempts beyond those after which anybody in the stack gives an item up: nobody will. */
const BEYOND = 100;

const NOTHING = { headers: {}, body: Buffer.alloc(0) };

/** Lets faults befall deliveries: stands between Google's services and whatever they deliver to. */
export class FaultyInvoker implements Invoker {
  private readonly counts = new Map<string, number>();

  constructor(
    private readonly inner: Invoker,
    private readonly options: DeliveryOptions,
  ) {}

  async invoke(invocation: Invocation): Promise<InvocationResult> {
    const item = itemOf(invocation);
    if (!item) return this.call(invocation);
    const { seed, index, crashGuard, faultLog } = this.options;
    const nth = (this.counts.get(item.id) ?? 0) + 1;
    this.counts.set(item.id, nth);
    faultLog.attempts++;
    // Executions of one time cannot be told apart: each request is taken for the first of another item.
    const [id, number] = item.isExecution ? [`${item.id} ${nth}`, 1] : [item.id, nth];
    if (number > index.mostAttempts() + BEYOND) faultLog.endless ??= { what: item.what, attempts: number };
    const target = index.functionAt(invocation.url)?.name;
    const attempt = { invocation, item, nth, to: invocation.url };
    const { message } = item;
    if (target !== undefined && message && index.isLastDelivery(message.subscription, message.attempt)) {
      return crashGuard.during(target, () => this.deliver(attempt));
    }
    let fault = deliveryFault(seed, id, number, { isFunction: target !== undefined });
    if (fault?.startsWith("crash") && target !== undefined && crashGuard.has(target)) fault = undefined;
    return fault ? this.inject(fault, attempt) : this.deliver(attempt);
  }

  /** What is no delivery: a workflow's call may hang, everything else passes. */
  private call(invocation: Invocation): Promise<InvocationResult> {
    const { seed, faultLog, delayed } = this.options;
    const call = workflowCall(invocation);
    if (!call) return this.inner.invoke(invocation);
    const id = callId(call);
    const isFirst = !this.counts.has(id);
    this.counts.set(id, 1);
    if (!isFirst || !callHangs(seed, id)) return this.inner.invoke(invocation);
    const { deadline } = invocation;
    const late = deadline + lateBy(seed, id, 1);
    const hop = { to: `https://${call.host}`, what: callText(call) };
    faultLog.fault("call hangs", {
      ...hop,
      detail: `arrives after ${seconds(late)}, ${seconds(deadline)} are allowed`,
    });
    delayed.in(late, async () => {
      const { status, failure } = await this.inner.invoke(invocation);
      faultLog.note(`arrives too late: ${failure ?? status}`, hop);
    });
    return delayed.wait(deadline).then(() => ({ ...NOTHING, status: 0, failure: "deadline" }));
  }

  private inject(fault: DeliveryFault, attempt: Attempt): Promise<InvocationResult> {
    const { seed, faultLog, delayed } = this.options;
    const { item, nth, to, invocation } = attempt;
    const { deadline } = invocation;
    const tell = (detail?: string) => faultLog.fault(fault, { to, what: item.what, attempt: nth, detail });
    switch (fault) {
      case "answered 500":
      case "answered 503":
      case "answered 429":
        tell();
        return Promise.resolve({ ...NOTHING, status: Number(fault.slice(-3)) });
      case "crash before the work":
        tell();
        return this.deliver(attempt, { crashPoint: "crash-before" });
      case "crash after the work":
        tell();
        return this.deliver(attempt, { crashPoint: "crash-after" });
      case "answer lost":
        tell();
        return this.deliver(attempt).then(() => ({ ...NOTHING, status: 0, failure: "connection" }));
      case "hang": {
        const late = deadline + lateBy(seed, item.id, nth);
        tell(`arrives after ${seconds(late)}, ${seconds(deadline)} are allowed`);
        delayed.in(late, () => this.deliverUnheard("arrives too late", attempt));
        return delayed.wait(deadline).then(() => ({ ...NOTHING, status: 0, failure: "deadline" }));
      }
      case "twice at once":
        tell();
        return Promise.all([this.deliver(attempt), this.deliver(attempt)]).then(([, second]) => second);
      case "again later":
        return this.deliver(attempt).then((result) => {
          if (result.status < 200 || result.status > 299) return result;
          const after = repeatedAfter(seed, item.id, nth);
          tell(`in ${seconds(after)}`);
          delayed.in(after, () => this.deliverUnheard("arrives again", attempt));
          return result;
        });
      case "delayed": {
        const delay = delayOf(seed, item.id, nth, deadline);
        tell(`by ${seconds(delay)}`);
        return delayed.wait(delay).then(() => this.deliver(attempt, { deadline: deadline - delay }));
      }
    }
  }

  private deliver({ invocation }: Attempt, more: Partial<Invocation> = {}): Promise<InvocationResult> {
    this.options.faultLog.deliveries++;
    return this.inner.invoke({ ...invocation, ...more });
  }

  /** Whoever sent it has what it takes for the answer. */
  private async deliverUnheard(how: string, attempt: Attempt): Promise<void> {
    const { item, nth, to } = attempt;
    const { status, failure } = await this.deliver(attempt);
    this.options.faultLog.note(`${how}: ${failure ?? status}`, { to, what: item.what, attempt: nth });
  }
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} s`;
}
