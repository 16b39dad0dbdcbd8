import { ApiError, ConnectionLost, type RestRequest, type RestService } from "@cdktf-serverless-ml/emulator";
import type { StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { apiCall, callText } from "./call";
import type { FaultLog } from "./fault-log";
import type { Scenario } from "./scenario";

export interface PoisonOptions {
  readonly poison: Scenario["poison"];
  readonly index: StackIndex;
  readonly faultLog: FaultLog;
  /** Kills who makes a call. @returns false where it may not, or no function makes it */
  readonly crash: (call: RestRequest) => boolean;
}

/** Acts on the poison among generated inputs: the call that carries it fails each time, or its caller dies of it each time. */
export function poisoned(inner: RestService, { poison, index, faultLog, crash }: PoisonOptions): RestService {
  return {
    ...inner,
    handle: async (request) => {
      const { email } = request.caller;
      const effect = email !== undefined && index.isWorker(email) ? poison(apiCall(request)) : undefined;
      if (effect === undefined || email === undefined) return inner.handle(request);
      const hop = { to: `https://${request.host}`, what: callText(request), detail: `of ${email}` };
      if (effect === "fail") {
        faultLog.fault("poison failed", hop);
        throw new ApiError("INTERNAL", "Injected: poison fails each time");
      }
      // Where the caller is crashGuard, the call fails all the same.
      faultLog.fault(crash(request) ? "poison killed" : "poison failed", hop);
      throw new ConnectionLost("injected");
    },
  };
}
