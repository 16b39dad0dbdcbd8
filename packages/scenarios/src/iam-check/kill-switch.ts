import { ApiError, type Invoker, type RestService } from "@cdktf-serverless-ml/emulator";
import { noAnswer } from "../shared/no-answer";

/** Refuses all calls of a run once it is triggered, so that the run ends soon. */
export class KillSwitch {
  /** Calls of Google's APIs under way. */
  open = 0;
  private triggered = false;

  get isTriggered(): boolean {
    return this.triggered;
  }

  trigger(): void {
    this.triggered = true;
  }

  service(inner: RestService): RestService {
    return {
      ...inner,
      handle: async (request) => {
        // Functions and clients do not retry this status.
        if (this.triggered) throw new ApiError("PERMISSION_DENIED", "The run has ended");
        this.open++;
        try {
          return await inner.handle(request);
        } finally {
          this.open--;
        }
      },
    };
  }

  invoker(inner: Invoker): Invoker {
    return {
      invoke: async (invocation) => (this.triggered ? noAnswer("connection") : inner.invoke(invocation)),
    };
  }
}
