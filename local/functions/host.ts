import type { Clock } from "../core/clock";
import type {
  Authorizer,
  EvaluatedResource,
  Invocation,
  InvocationResult,
  Invoker,
  RestService,
  Simulated,
} from "../core/stand-in";
import type { Network } from "../network";

export interface FunctionHostOptions {
  readonly project: string;
  readonly projectNumber: string;
  readonly region: string;
  /** All resources of the stack: the functions, and the bucket objects that are their sources. */
  readonly resources: readonly EvaluatedResource[];
  /** Of the stack: sources are relative to it. */
  readonly folder: string;
  readonly network: Network;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  /** Told what functions write, line by line. */
  readonly onLog?: (functionName: string, line: string) => void;
}

/** Runs the functions of a stack as Cloud Run would, and sends requests as Google's services do. */
export class FunctionHost implements Invoker {
  static readonly simulated: Simulated = { google_cloudfunctions2_function: [] };

  constructor(readonly options: FunctionHostOptions) {}

  /** What in the resources cannot run here, each with its address; none of it would pass silently. */
  static problems(_resources: readonly EvaluatedResource[]): string[] {
    return [];
  }

  /** Starts one instance of each function and waits until all listen. @throws with the last log lines of what does not start */
  async start(_onProgress?: (functionName: string) => void): Promise<void> {
    throw new Error("not written yet");
  }

  /** From one of Google's services or from the run's driver: internal traffic. */
  async invoke(_invocation: Invocation): Promise<InvocationResult> {
    throw new Error("not written yet");
  }

  /** Answers for the functions' own URLs. External traffic is refused by functions that take only internal one. */
  rest(_traffic: "internal" | "external"): RestService {
    throw new Error("not written yet");
  }

  /** Requests that wait or are under way. */
  pending(): number {
    return 0;
  }

  async stop(): Promise<void> {}
}
