import { type BilledWorker, cpusForMemory, type Metered } from "@cdktf-serverless-ml/emulator";
import { billOf, totalOf } from "./bill";
import { timeCharges, type WorkerUse } from "./meter";
import type { Prices } from "./prices";
import { METERED_NAMES, type Quantities, sum, type Usage } from "./usage";

/** A setting, another value of it, and what the bill of this run would then be. */
export interface Lever {
  readonly setting: string;
  readonly from: string;
  readonly to: string;
  /** By what share of the bill it falls, 0 to 1. */
  readonly saves: number;
  /** What it takes for granted. */
  readonly if: string;
}

/** Requests at once that are tried. */
const CONCURRENCIES = [2, 4, 8, 16, 80];
/** Sizes that functions are given, GiB; the next smaller one is tried. */
const MEMORIES = [0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32];

/** An instance that takes several requests at once has at least one CPU. */
const WHOLE_CPU = 1;

/** What is billed for an item however many records it has. */
const PER_ITEM: readonly Metered[] = ["tasks.operations", "storage.classA", "storage.classB", "run.requests"];

/**
 * Settings by which the bill of a run falls, the one that saves most first. Each is computed from
 * the requests of the run.
 *
 * @param batch the setting that says how many records an item has
 */
export function leversOf({
  usage,
  workers,
  prices,
  batch,
}: {
  usage: Usage;
  workers: readonly WorkerUse[];
  prices: Prices;
  batch?: string;
}): Lever[] {
  const now: Quantities = { ...usage.counted, ...usage.measured };
  const total = totalOf(billOf(now, prices));
  if (total === 0) return [];
  const shareSaved = (quantities: Quantities) => 1 - totalOf(billOf(quantities, prices)) / total;
  const withWorker = ({ worker, requests }: WorkerUse, changed: Partial<BilledWorker>) =>
    shareSaved(changedTime(now, timeCharges(worker, requests), timeCharges({ ...worker, ...changed }, requests)));

  const levers = workers.flatMap((use): Lever[] => {
    const { worker } = use;
    const { size, concurrency, name, byRequest } = worker;
    if (!byRequest) return [];
    const more = CONCURRENCIES.filter((each) => each > concurrency).map((each) => ({
      setting: `concurrency of ${name}`,
      from: String(concurrency),
      to: size.cpus < WHOLE_CPU ? `${each}, with a whole CPU` : String(each),
      saves: withWorker(use, { concurrency: each, size: { ...size, cpus: Math.max(size.cpus, WHOLE_CPU) } }),
      if: "requests come as close together as here, and wait more than they compute",
    }));
    const smaller = MEMORIES.findLast((each) => each < size.memory);
    const less = smaller === undefined ? [] : [lessMemory(worker, smaller)];
    return [
      ...more.sort((one, other) => other.saves - one.saves).slice(0, 1),
      ...less.map(({ changed, ...lever }) => ({ ...lever, saves: withWorker(use, changed) })),
    ];
  });
  if (batch !== undefined) {
    const halved = Object.fromEntries(PER_ITEM.map((name) => [name, (now[name] ?? 0) / 2]));
    levers.push({
      setting: batch,
      from: "as here",
      to: "twice as many",
      saves: shareSaved({ ...now, ...halved }),
      if: "counted for each record, and a record takes as long as here",
    });
  }
  return levers.filter(({ saves }) => saves >= 0.005).sort((one, other) => other.saves - one.saves);
}

function lessMemory({ name, size, cpusByMemory }: BilledWorker, memory: number) {
  const cpus = cpusByMemory ? cpusForMemory(memory) : size.cpus;
  return {
    setting: `memory of ${name}`,
    from: `${size.memory * 1024} MiB`,
    to: `${memory * 1024} MiB${cpus === size.cpus ? "" : `, ${cpus} CPUs instead of ${size.cpus}`}`,
    if: cpus === size.cpus ? "it needs no more" : "it needs no more, and takes no longer",
    changed: { size: { cpus, memory } },
  };
}

/** Quantities with the time of one worker's instances replaced. */
function changedTime(
  now: Quantities,
  before: ReturnType<typeof timeCharges>,
  after: ReturnType<typeof timeCharges>,
): Quantities {
  const all = METERED_NAMES.map((metered) => ({ metered, quantity: now[metered] ?? 0 }));
  return sum([...all, ...before.map(({ metered, quantity }) => ({ metered, quantity: -quantity })), ...after]);
}
