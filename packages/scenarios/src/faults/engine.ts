import type { Interposition, Surroundings } from "@cdktf-serverless-ml/emulator";
import type { Stack } from "@cdktf-serverless-ml/terraform-json";
import type { FlowType } from "../flows/flow";
import { FaultyCalls } from "./calls";
import { Crasher, type Kill } from "./crasher";
import { FaultyInvoker } from "./deliveries";
import { Journal } from "./journal";
import { Later } from "./later";
import { Parties } from "./parties";
import { poisoned } from "./poison";
import { FaultyPublishes } from "./publishes";
import { Spared } from "./spared";

export interface EngineOptions extends Pick<Surroundings, "clock" | "recorder"> {
  readonly seed: number;
  readonly stack: Stack;
  readonly poison: FlowType["poison"];
  readonly kill: Kill;
}

/** All faults of one run. */
export class FaultEngine {
  readonly journal: Journal;
  readonly interposition: Interposition;
  private readonly later: Later;

  constructor({ clock, recorder, seed, stack, poison, kill }: EngineOptions) {
    const journal = new Journal(recorder);
    const later = new Later(clock);
    const parties = new Parties(stack.resources, stack.defaults.project);
    const spared = new Spared();
    const crasher = new Crasher(parties, spared, kill);
    const calls = new FaultyCalls({ seed, parties, crasher, journal });
    const publishes = new FaultyPublishes({ seed, parties, journal });
    this.journal = journal;
    this.later = later;
    this.interposition = {
      invoker: (inner) => new FaultyInvoker(inner, { seed, parties, spared, journal, later }),
      service: (inner) =>
        poisoned(publishes.service(calls.service(inner)), {
          poison,
          parties,
          journal,
          crash: (call) => crasher.crash(call),
        }),
      publisher: (inner) => publishes.publisher(inner),
      pending: () => later.pending,
    };
  }

  stop(): void {
    this.later.stop();
  }
}

/** One interposition of several: the first stands nearest to what is interposed, the last outside of all others. */
export function composed(...all: readonly Interposition[]): Interposition {
  return {
    invoker: (inner) => all.reduce((made, { invoker }) => invoker?.(made) ?? made, inner),
    service: (inner) => all.reduce((made, { service }) => service?.(made) ?? made, inner),
    publisher: (inner) => all.reduce((made, { publisher }) => publisher?.(made) ?? made, inner),
    pending: () => all.reduce((sum, { pending }) => sum + (pending?.() ?? 0), 0),
  };
}
