import { ApiError } from "../core/api-error";
import { FunctionHost } from "../functions";
import type { Denial } from "../iam";
import { type FlowType, flowOf } from "../run/flows";
import { load } from "../run/load";
import { Machine } from "../run/machine";
import { SIMULATED_SERVICES } from "../run/stand-ins";
import { isGood, type Summary } from "../run/summary";
import { documented, type Requirement } from "./documented";
import { type Grant, grantsOf } from "./grants";
import { isAlike, Trial, type TrialResult } from "./trial";
import { Uses } from "./uses";

/** A stack about which nothing can be proven. */
export class ProofError extends Error {}

export interface Necessary {
  readonly grant: Grant;
  /** What a run without it was denied, and it would have allowed. */
  readonly denial: Denial;
}

export interface Unproven {
  readonly grant: Grant;
  /** Why a run without it fails at nothing that it would have allowed. */
  readonly why: string;
  /** Why it stays all the same. */
  readonly requirement?: Requirement;
}

interface Findings {
  readonly necessary: readonly Necessary[];
  readonly unproven: readonly Unproven[];
  /** Calls that the stack's own bindings do not allow, each once. Where there are any, nothing else was looked at. */
  readonly missing: readonly Denial[];
}

export interface Proof extends Findings {
  readonly stack: string;
  readonly grants: readonly Grant[];
  /** On the wall. */
  readonly seconds: number;
}

export interface ProveOptions {
  /** Told with each run that has ended how many have, and how many there are. */
  readonly onProgress?: (done: number, all: number) => void;
}

/** Machines side by side, each with all functions of the stack. */
const MACHINES = 2;

/**
 * Whether a stack's bindings are what its use takes: enough, and none too many. Uses the stack once with all of them, then once
 * without each.
 *
 * @param folder holds `cdk.tf.json`.
 * @throws ProofError; StackError, LoadError, StartError
 */
export async function prove(folder: string, { onProgress = () => {} }: ProveOptions = {}): Promise<Proof> {
  const start = Date.now();
  const { stack, bindings } = load(folder, [FunctionHost.simulated, ...SIMULATED_SERVICES]);
  const type = flowOf(stack);
  if (!type) {
    const wanted = "give its stack the outputs of one";
    throw new ProofError(
      `${stack.name} is none of the five architectures, and how else it is used is not known; ${wanted}`,
    );
  }
  const { machines, denials } = await startMachines(folder);
  try {
    const [machine] = machines;
    const grants = grantsOf(stack, bindings);
    const findings = machine
      ? await examine(machines as [Machine, ...Machine[]], type, grants, onProgress)
      : { necessary: [], unproven: [], missing: eachOnce(denials) };
    return { stack: stack.name, grants, ...findings, seconds: (Date.now() - start) / 1000 };
  } finally {
    await Promise.all(machines.map((machine) => machine.stop()));
  }
}

/** No machines, and what was denied, where the stack's own deployment may not do something. */
async function startMachines(folder: string): Promise<{ machines: Machine[]; denials: Denial[] }> {
  const denials: Denial[] = [];
  const onDenied = (denial: Denial) => denials.push(denial);
  const starts = await Promise.allSettled(Array.from({ length: MACHINES }, () => Machine.start(folder, { onDenied })));
  const machines = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  const [failure] = starts.flatMap((start) => (start.status === "rejected" ? [start.reason] : []));
  if (failure === undefined) return { machines, denials };
  await Promise.all(machines.map((machine) => machine.stop()));
  if (failure instanceof ApiError && denials.length > 0) return { machines: [], denials };
  throw failure;
}

async function examine(
  machines: readonly [Machine, ...Machine[]],
  type: FlowType,
  grants: readonly Grant[],
  onProgress: (done: number, all: number) => void,
): Promise<Findings> {
  const uses = new Uses(grants);
  const first = await new Trial(machines[0], type, { onAllowed: (access, by) => uses.note(access, by) }).run();
  if (first.denials.length > 0) return { necessary: [], unproven: [], missing: eachOnce(first.denials) };
  requireGood(first);
  let done = 1;
  onProgress(done, grants.length + 1);

  const necessary: Necessary[] = [];
  const unproven: Unproven[] = [];
  const waiting = uses.longestFirst().values();
  const lane = async (machine: Machine) => {
    const { resources, defaults } = machine.stack;
    const seen = { ...first, resources, bindings: machine.bindings, project: defaults.project };
    for (const grant of waiting) {
      let result = await without(machine, type, grant);
      // What is needed only when two things meet may not meet each time.
      if (!result.denial && uses.isNeeded(grant)) result = await without(machine, type, grant);
      const { denial } = result;
      if (denial) necessary.push({ grant, denial });
      else unproven.push({ grant, why: why(uses, grant, result), requirement: documented(grant, seen) });
      onProgress(++done, grants.length + 1);
    }
  };
  for (const result of await Promise.allSettled(machines.map(lane)))
    if (result.status === "rejected") throw result.reason;
  const order = <T extends { grant: Grant }>(found: T[]) =>
    found.sort((a, b) => grants.indexOf(a.grant) - grants.indexOf(b.grant));
  return { necessary: order(necessary), unproven: order(unproven), missing: [] };
}

/** A run without one grant. Its denial is one that the grant would have prevented. */
async function without(machine: Machine, type: FlowType, grant: Grant): Promise<TrialResult & { denial?: Denial }> {
  const result = await new Trial(machine, type, { bindings: grant.without, endsAt: grant.allows }).run();
  return { ...result, denial: result.denials.find(grant.allows) };
}

function why(uses: Uses, grant: Grant, { denials: [other], summary }: TrialResult): string {
  if (other)
    return `a run without it is denied ${other.permission} on ${other.resource}, which it would not have allowed`;
  const failed = summary && !isGood(summary) ? `, though a run without it fails: ${faultOf(summary)}` : "";
  return `${uses.whyNot(grant)}${failed}`;
}

/** @throws ProofError where the run with all bindings shows another fault than denials */
function requireGood({ summary }: TrialResult): void {
  if (summary && isGood(summary)) return;
  throw new ProofError(`The run with all bindings fails: ${summary ? faultOf(summary) : "it did not begin"}`);
}

function faultOf({ error, refused, lost, unexpected, repeatedEffects, accepted, done }: Summary): string {
  return error ?? refused[0] ?? JSON.stringify({ accepted, done, lost, unexpected, repeatedEffects });
}

function eachOnce(denials: readonly Denial[]): Denial[] {
  return denials.filter((denial, index) => denials.findIndex((other) => isAlike(other, denial)) === index);
}
