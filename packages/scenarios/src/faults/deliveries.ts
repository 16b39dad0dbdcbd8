import { type Invocation, type InvocationResult, type Invoker, type Item, itemOf } from "@cdktf-serverless-ml/emulator";
import type { StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { callText } from "../shared/call";
import type { DeliveryFault } from "../shared/fault-kinds";
import type { FaultLog } from "../shared/fault-log";
import { noAnswer } from "../shared/no-answer";
import { callId, workflowCall } from "./call";
import type { CrashGuard } from "./crasher";
import type { DelayedWork } from "./delayed-work";
import { callHangs, delayOf, deliveryFault, lateBy, repeatedAfter } from "./schedule";

export interface DeliveryOptions {
  readonly seed: number;
  readonly index: StackIndex;
  readonly crashGuard: CrashGuard;
  readonly faultLog: FaultLog;
  readonly delayed: DelayedWork;
}

/** One attempt of a sender for an item. */
interface Attempt {
  readonly invocation: Invocation;
  readonly item: Item;
  /** Number of the attempt, counted from 1. */
  readonly nth: number;
  readonly to: string;
}

/** An item with so many attempts beyond the stack's largest limit is attempted for ever. */
const BEYOND = 100;

/**
 * Injects faults into deliveries, between Google's services and the functions and APIs that they
 * call.
 */
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
    // Executions at the same time share an id: each request counts as the first of another item.
    const [id, number] = item.isExecution ? [`${item.id} ${nth}`, 1] : [item.id, nth];
    if (number > index.mostAttempts() + BEYOND) faultLog.endless ??= { what: item.what, attempts: number };
    const target = index.workerAt(invocation.url)?.name;
    const attempt = { invocation, item, nth, to: invocation.url };
    const { message } = item;
    if (target !== undefined && message && index.isLastDelivery(message.subscription, message.attempt)) {
      return crashGuard.during(target, () => this.deliver(attempt));
    }
    let fault = deliveryFault(seed, id, number, { isFunction: target !== undefined });
    if (fault?.startsWith("crash") && target !== undefined && crashGuard.has(target)) fault = undefined;
    return fault ? this.inject(fault, attempt) : this.deliver(attempt);
  }

  /** A request that is no delivery: a workflow's call may hang, any other passes. */
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
      detail: `arrives after ${seconds(late)}; the deadline is ${seconds(deadline)}`,
    });
    delayed.in(late, async () => {
      const { status, failure } = await this.inner.invoke(invocation);
      faultLog.note(`arrives too late: ${failure ?? status}`, hop);
    });
    return delayed.wait(deadline).then(() => noAnswer("deadline"));
  }

  private inject(fault: DeliveryFault, attempt: Attempt): Promise<InvocationResult> {
    const { seed, faultLog, delayed } = this.options;
    const { item, nth, to, invocation } = attempt;
    const { deadline } = invocation;
    const log = (detail?: string) => faultLog.fault(fault, { to, what: item.what, attempt: nth, detail });
    switch (fault) {
      case "answered 500":
      case "answered 503":
      case "answered 429":
        log();
        return Promise.resolve({ status: Number(fault.slice(-3)), headers: {}, body: Buffer.alloc(0) });
      case "crash before the work":
        log();
        return this.deliver(attempt, { crashPoint: "crash-before" });
      case "crash after the work":
        log();
        return this.deliver(attempt, { crashPoint: "crash-after" });
      case "answer lost":
        log();
        return this.deliver(attempt).then(() => noAnswer("connection"));
      case "hang": {
        const late = deadline + lateBy(seed, item.id, nth);
        log(`arrives after ${seconds(late)}; the deadline is ${seconds(deadline)}`);
        delayed.in(late, () => this.deliverUnanswered("arrives too late", attempt));
        return delayed.wait(deadline).then(() => noAnswer("deadline"));
      }
      case "twice at once":
        log();
        return Promise.all([this.deliver(attempt), this.deliver(attempt)]).then(([, second]) => second);
      case "again later":
        return this.deliver(attempt).then((result) => {
          if (result.status < 200 || result.status > 299) return result;
          const after = repeatedAfter(seed, item.id, nth);
          log(`in ${seconds(after)}`);
          delayed.in(after, () => this.deliverUnanswered("arrives again", attempt));
          return result;
        });
      case "delayed": {
        const delay = delayOf(seed, item.id, nth, deadline);
        log(`by ${seconds(delay)}`);
        return delayed.wait(delay).then(() => this.deliver(attempt, { deadline: deadline - delay }));
      }
    }
  }

  private deliver({ invocation }: Attempt, more: Partial<Invocation> = {}): Promise<InvocationResult> {
    this.options.faultLog.deliveries++;
    return this.inner.invoke({ ...invocation, ...more });
  }

  /** The sender has its answer already: this one goes to the log alone. */
  private async deliverUnanswered(how: string, attempt: Attempt): Promise<void> {
    const { item, nth, to } = attempt;
    const { status, failure } = await this.deliver(attempt);
    this.options.faultLog.note(`${how}: ${failure ?? status}`, { to, what: item.what, attempt: nth });
  }
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} s`;
}
