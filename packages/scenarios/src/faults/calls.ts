import { setTimeout as sleep } from "node:timers/promises";
import {
  ApiError,
  ConnectionLost,
  type RestReply,
  type RestRequest,
  type RestService,
} from "@cdktf-serverless-ml/emulator";
import type { StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { callText } from "../shared/call";
import type { CallFault } from "../shared/fault-kinds";
import type { FaultLog } from "../shared/fault-log";
import { callId } from "./call";
import type { Crasher } from "./crasher";
import { callFault, slowness } from "./schedule";

export interface CallOptions {
  readonly seed: number;
  readonly index: StackIndex;
  readonly crasher: Crasher;
  readonly faultLog: FaultLog;
}

interface Count {
  calls: number;
  faults: number;
}

/**
 * Injects faults into calls of Google's APIs by functions and workflows of the stack. Other callers
 * get none.
 */
export class FaultyCalls {
  private readonly counts = new Map<string, Count>();

  constructor(private readonly options: CallOptions) {}

  service(inner: RestService): RestService {
    return { ...inner, handle: (request) => this.handle(inner, request) };
  }

  private handle(inner: RestService, request: RestRequest): Promise<RestReply> {
    const { seed, index, crasher } = this.options;
    const { email } = request.caller;
    if (!index.isWorker(email)) return inner.handle(request);
    const id = callId(request);
    const count = this.counts.get(id) ?? { calls: 0, faults: 0 };
    this.counts.set(id, count);
    count.calls++;
    const isWrite = request.method !== "GET";
    const fault = callFault(seed, id, count.calls, {
      faults: count.faults,
      isWrite,
      hasPrecondition: isWrite && request.query.has("ifGenerationMatch"),
      isStorage: request.host === "storage.googleapis.com",
      byFunction: index.workersOf(email).length > 0,
    });
    if (!fault || crasher.isGuarded(email)) return inner.handle(request);
    count.faults++;
    return this.inject(fault, inner, request, { id, nth: count.calls });
  }

  private async inject(
    fault: CallFault,
    inner: RestService,
    request: RestRequest,
    { id, nth }: { id: string; nth: number },
  ): Promise<RestReply> {
    const { seed, crasher, faultLog } = this.options;
    const hop = { to: `https://${request.host}`, what: callText(request), attempt: nth };
    const detail = `of ${request.caller.email}`;
    switch (fault) {
      case "call answered 429":
        faultLog.fault(fault, { ...hop, detail });
        throw new ApiError("RESOURCE_EXHAUSTED", "Injected: too many requests");
      case "call answered 500":
        faultLog.fault(fault, { ...hop, detail });
        throw new ApiError("INTERNAL", "Injected: internal error");
      case "call answered 503":
        faultLog.fault(fault, { ...hop, detail });
        throw new ApiError("UNAVAILABLE", "Injected: the service is unavailable");
      case "call answered 412":
        faultLog.fault(fault, { ...hop, detail });
        await inner.handle(request);
        throw new ApiError("FAILED_PRECONDITION", "Injected: the object was written, and the write was repeated", 412);
      case "call reset before":
        faultLog.fault(fault, { ...hop, detail });
        throw new ConnectionLost("injected");
      case "call reset after":
        faultLog.fault(fault, { ...hop, detail });
        await ignoringErrors(inner, request);
        throw new ConnectionLost("injected");
      case "slow call": {
        const wait = slowness(seed, id, nth);
        faultLog.fault(fault, { ...hop, detail: `${detail}, ${wait} ms of real time` });
        await sleep(wait);
        return inner.handle(request);
      }
      case "caller crashed":
        await ignoringErrors(inner, request);
        faultLog.fault(fault, { ...hop, detail });
        crasher.crash(request);
        throw new ConnectionLost("injected");
    }
  }
}

/** Makes the call and ignores an error, unless the call is not simulated: that must end the run. */
async function ignoringErrors(inner: RestService, request: RestRequest): Promise<void> {
  try {
    await inner.handle(request);
  } catch (error) {
    if (!(error instanceof ApiError) || error.http === 501) throw error;
  }
}
