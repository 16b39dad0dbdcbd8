import { ApiError, ConnectionLost, type RestRequest, type RestService } from "@cdktf-serverless-ml/emulator";
import type { StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { apiCall, callText } from "./call";
import type { FaultLog } from "./fault-log";
import type { Scenario } from "./scenario";

export interface PoisonOptions {
  readonly poison: Scenario["poison"];
  readonly index: StackIndex;
  readonly faultLog: FaultLog;
  /**
   * Kills the process that makes a call.
   *
   * @returns false if it must not, or if no function makes the call
   */
  readonly crash: (call: RestRequest) => boolean;
}

/**
 * Makes each call that carries poison of the generated inputs fail, or kills the process that makes
 * it.
 */
export function injectPoison(inner: RestService, { poison, index, faultLog, crash }: PoisonOptions): RestService {
  return {
    ...inner,
    handle: async (request) => {
      const { email } = request.caller;
      const effect = email !== undefined && index.isWorker(email) ? poison(apiCall(request)) : undefined;
      if (effect === undefined || email === undefined) return inner.handle(request);
      const hop = { to: `https://${request.host}`, what: callText(request), detail: `of ${email}` };
      if (effect === "fail") {
        faultLog.fault("poison failed", hop);
        throw new ApiError("INTERNAL", "Injected: this item fails each time");
      }
      // A caller under the crash guard stays alive, and its call fails.
      faultLog.fault(crash(request) ? "poison killed" : "poison failed", hop);
      throw new ConnectionLost("injected");
    },
  };
}
