import { ApiError, type Interceptors } from "@cdktf-serverless-ml/emulator";
import type { StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { apiCall } from "../shared/call";
import type { Scenario } from "../shared/scenario";

/**
 * A dependency that refuses each call for good until it is mended, so that every item that needs it
 * goes to its dead letter.
 */
export class Outage {
  private isMended = false;

  /** @param answer which calls are refused, and how */
  constructor(
    private readonly index: StackIndex,
    private readonly answer: NonNullable<Scenario["outage"]>,
  ) {}

  get interceptors(): Interceptors {
    return {
      service: (inner) => ({
        ...inner,
        handle: async (request) => {
          const isOfStack = !this.isMended && this.index.isWorker(request.caller.email);
          const code = isOfStack ? this.answer(apiCall(request)) : undefined;
          if (code) throw new ApiError(code, "Injected: an outage");
          return inner.handle(request);
        },
      }),
    };
  }

  mend(): void {
    this.isMended = true;
  }
}
