import type { EmulatorContext, Interceptors } from "@cdktf-serverless-ml/emulator";
import { type Stack, StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { FaultLog } from "../shared/fault-log";
import { injectPoison } from "../shared/inject-poison";
import type { Scenario } from "../shared/scenario";
import { FaultyCalls } from "./calls";
import { Crasher, CrashGuard, type Kill } from "./crasher";
import { DelayedWork } from "./delayed-work";
import { FaultyInvoker } from "./deliveries";
import { FaultyPublishes } from "./publishes";

export interface EngineOptions extends Pick<EmulatorContext, "clock" | "recorder"> {
  readonly seed: number;
  readonly stack: Stack;
  readonly poison: Scenario["poison"];
  readonly kill: Kill;
}

/** Injects all faults of one run. */
export class FaultEngine {
  readonly faultLog: FaultLog;
  readonly interceptors: Interceptors;
  private readonly delayed: DelayedWork;

  constructor({ clock, recorder, seed, stack, poison, kill }: EngineOptions) {
    const faultLog = new FaultLog(recorder);
    const delayed = new DelayedWork(clock);
    const index = StackIndex.of(stack);
    const crashGuard = new CrashGuard();
    const crasher = new Crasher(index, crashGuard, kill);
    const calls = new FaultyCalls({ seed, index, crasher, faultLog });
    const publishes = new FaultyPublishes({ seed, index, faultLog });
    this.faultLog = faultLog;
    this.delayed = delayed;
    this.interceptors = {
      invoker: (inner) => new FaultyInvoker(inner, { seed, index, crashGuard, faultLog, delayed }),
      service: (inner) =>
        injectPoison(publishes.service(calls.service(inner)), {
          poison,
          index,
          faultLog,
          crash: (call) => crasher.crash(call),
        }),
      publisher: (inner) => publishes.publisher(inner),
      pending: () => delayed.pending,
    };
  }

  stop(): void {
    this.delayed.stop();
  }
}

/** Several interceptors as one. The first is the innermost, the last the outermost. */
export function composed(...all: readonly Interceptors[]): Interceptors {
  return {
    invoker: (inner) => all.reduce((made, { invoker }) => invoker?.(made) ?? made, inner),
    service: (inner) => all.reduce((made, { service }) => service?.(made) ?? made, inner),
    publisher: (inner) => all.reduce((made, { publisher }) => publisher?.(made) ?? made, inner),
    pending: () => all.reduce((sum, { pending }) => sum + (pending?.() ?? 0), 0),
  };
}
