import type { RestReply } from "../core/emulator";
import { unavailable } from "./error-pages";
import type { PoolState } from "./instance-pool";
import type { Requests } from "./router";

/** Answers for a service that cannot run here: 503, and what to do about it. */
export class Missing implements Requests {
  /**
   * @param why what is missing, and what to give
   * @param onSkipped gets it with each request
   */
  constructor(
    readonly why: string,
    private readonly onSkipped: (why: string) => void,
  ) {}

  async handle(): Promise<RestReply> {
    this.onSkipped(this.why);
    return { ...unavailable(this.why), skipped: true };
  }

  async start(): Promise<void> {}

  pending(): number {
    return 0;
  }

  servedAt(): readonly number[] {
    return [];
  }

  crash(): number {
    return 0;
  }

  crashOne(): boolean {
    return false;
  }

  state(): PoolState {
    return { instances: 0, underWay: 0, waiting: 0 };
  }

  async replace(): Promise<void> {
    throw new Error(this.why);
  }

  async reset(): Promise<void> {}

  async stop(): Promise<void> {}
}
