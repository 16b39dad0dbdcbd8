import { ApiError, type Invoker, type RestService } from "@cdktf-serverless-ml/emulator";

/** Every call of a run passes it. Once it is triggered it refuses all of them, so that what is under way ends soon. */
export class KillSwitch {
  /** Calls of Google's APIs under way. */
  open = 0;
  private triggered = false;
  private readonly signal: Promise<void>;
  private resolve: () => void = () => {};

  constructor() {
    this.signal = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  get isTriggered(): boolean {
    return this.triggered;
  }

  trigger(): void {
    this.triggered = true;
    this.resolve();
  }

  /** Resolves once it is triggered. */
  whenTriggered(): Promise<void> {
    return this.signal;
  }

  service(inner: RestService): RestService {
    return {
      ...inner,
      handle: async (request) => {
        // Of all refusals this is the one that nobody tries again.
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
      invoke: async (invocation) =>
        this.triggered
          ? { status: 0, headers: {}, body: Buffer.alloc(0), failure: "connection" }
          : inner.invoke(invocation),
    };
  }
}
