import type { Reading } from "./change";
import { InputError } from "./input-error";
import { readPlan } from "./plan";
import { compare, readStacks, type Synthesized } from "./synthesized";

export interface InputPaths {
  readonly plans: readonly string[];
  readonly base?: string;
  readonly head?: string;
}

export interface Inputs {
  readonly readings: readonly Reading[];
  readonly base: ReadonlyMap<string, Synthesized>;
  readonly head: ReadonlyMap<string, Synthesized>;
}

/**
 * Reads the plans or, without plans, compares all stacks of base and head.
 *
 * @throws InputError
 */
export function readInputs({ plans, base: baseFolder, head: headFolder }: InputPaths): Inputs {
  const base = stacksOf(baseFolder);
  const head = stacksOf(headFolder);
  if (plans.length === 0) {
    const names = [...new Set([...base.keys(), ...head.keys()])].sort();
    return { readings: names.map((name) => compare(name, base.get(name), head.get(name))), base, head };
  }
  const readings = plans.map((file) => completed(readPlan(file), file, base, head));
  for (const [index, { stack }] of readings.entries()) {
    const first = readings.findIndex((each) => each.stack === stack);
    if (first < index) throw new InputError(`${plans[first]} and ${plans[index]} are both plans of the stack ${stack}`);
  }
  return { readings, base, head };
}

function stacksOf(folder: string | undefined): Map<string, Synthesized> {
  return folder === undefined ? new Map() : readStacks(folder);
}

/** Adds construct paths and source folders, which only the synthesized JSON has. */
function completed(
  reading: Reading,
  file: string,
  base: ReadonlyMap<string, Synthesized>,
  head: ReadonlyMap<string, Synthesized>,
): Reading {
  const names = [...new Set([...base.keys(), ...head.keys()])];
  if (names.length > 0 && !names.includes(reading.stack)) {
    throw new InputError(
      `${file} is of the stack ${reading.stack}, which is not synthesized; there are: ${names.join(", ")}`,
    );
  }
  const now = head.get(reading.stack)?.stack;
  const known = [...(base.get(reading.stack)?.stack.resources ?? []), ...(now?.resources ?? [])];
  const paths = new Map(known.map(({ address, path }) => [address, path]));
  return {
    ...reading,
    changes: reading.changes.map((change) => ({ ...change, path: paths.get(change.address) })),
    baseFolder: base.get(reading.stack)?.stack.folder,
    headFolder: now?.folder ?? reading.headFolder,
  };
}
