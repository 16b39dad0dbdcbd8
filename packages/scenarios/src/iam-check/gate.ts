import { ApiError, type Invoker, type RestService } from "@cdktf-serverless-ml/emulator";

/** What all calls of a run pass. Once it is shut all of them are refused, so that whatever is under way ends soon. */
export class Gate {
  /** Calls of Google's APIs under way. */
  open = 0;
  private isShut = false;
  private readonly told: Promise<void>;
  private tell: () => void = () => {};

  constructor() {
    this.told = new Promise((resolve) => {
      this.tell = resolve;
    });
  }

  get shut(): boolean {
    return this.isShut;
  }

  close(): void {
    this.isShut = true;
    this.tell();
  }

  /** Resolves once it is shut. */
  closed(): Promise<void> {
    return this.told;
  }

  service(inner: RestService): RestService {
    return {
      ...inner,
      handle: async (request) => {
        // Of all refusals this is the one that nobody tries again.
        if (this.isShut) throw new ApiError("PERMISSION_DENIED", "The run has ended");
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
        this.isShut
          ? { status: 0, headers: {}, body: Buffer.alloc(0), failure: "connection" }
          : inner.invoke(invocation),
    };
  }
}
