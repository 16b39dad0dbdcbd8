import { ApiError, type Denial, load, type Machine, type MachineOptions } from "@cdktf-serverless-ml/emulator";
import { outputsOf, scenarioOf } from "../patterns";
import { startMachine } from "../run/start";
import { isGood, type Summary } from "../run/summary";
import type { Scenario } from "../shared/scenario";
import { documented, type Requirement } from "./documented";
import { type Grant, grantsOf } from "./grants";
import { isAlike, MutationRun, type MutationRunResult } from "./mutation-run";
import { Uses } from "./uses";

/** A stack about which nothing can be proven. */
export class IamCheckError extends Error {}

export interface Necessary {
  readonly grant: Grant;
  /** What a run without it was denied, and it would have allowed. */
  readonly denial: Denial;
}

/**
 * What is known of a grant without which a run was denied nothing that it would have allowed. `redundant`: other grants allow
 * every call that it allowed. `not exercised`: no call of the runs needed its permissions, which says nothing about other uses.
 * `inconclusive`: a run with all grants needed it, yet a run without it was not denied that.
 */
export type Finding = "redundant" | "not exercised" | "inconclusive";

export interface Unproven {
  readonly grant: Grant;
  readonly finding: Finding;
  /** What was seen, for people. */
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

export interface IamReport extends Findings {
  readonly stack: string;
  readonly grants: readonly Grant[];
  /** On the wall. */
  readonly seconds: number;
}

export interface IamCheckOptions extends Pick<MachineOptions, "secrets" | "onNotice"> {
  /** How the stack is used. Default: as the architecture that it is known to be. */
  readonly scenario?: Scenario;
  /** Told with each run that has ended how many have, and how many there are. */
  readonly onProgress?: (done: number, all: number) => void;
}

/** Machines side by side, each with all functions of the stack. */
const MACHINES = 2;

/**
 * Whether a stack's bindings are what its use takes: enough, and none too many. Uses the stack with all of them, once as its
 * pattern is used and once with failures of each function, then without each.
 *
 * @param folder holds `cdk.tf.json`.
 * @throws IamCheckError; StackError, LoadError, StartError
 */
export async function checkIam(
  folder: string,
  { onProgress = () => {}, ...options }: IamCheckOptions = {},
): Promise<IamReport> {
  const start = Date.now();
  const { stack, bindings } = load(folder, outputsOf);
  const { scenario = scenarioOf(stack) } = options;
  if (!scenario) throw new IamCheckError(`${stack.name} is none of the five architectures; say how it is used`);
  const { machines, denials } = await startMachines(folder, options);
  try {
    const [one, other] = machines;
    const grants = grantsOf(stack, bindings);
    const findings =
      one && other
        ? await examine([one, other], scenario, grants, onProgress)
        : { necessary: [], unproven: [], missing: eachOnce(denials) };
    return { stack: stack.name, grants, ...findings, seconds: (Date.now() - start) / 1000 };
  } finally {
    await Promise.all(machines.map((machine) => machine.stop()));
  }
}

/** No machines, and what was denied, where the stack's own deployment may not do something. */
async function startMachines(
  folder: string,
  options: MachineOptions,
): Promise<{ machines: Machine[]; denials: Denial[] }> {
  const denials: Denial[] = [];
  const onDenied = (denial: Denial) => denials.push(denial);
  const starts = await Promise.allSettled(
    Array.from({ length: MACHINES }, () => startMachine(folder, { ...options, onDenied })),
  );
  const machines = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  const [failure] = starts.flatMap((start) => (start.status === "rejected" ? [start.reason] : []));
  if (failure === undefined) return { machines, denials };
  await Promise.all(machines.map((machine) => machine.stop()));
  if (failure instanceof ApiError && denials.length > 0) return { machines: [], denials };
  throw failure;
}

async function examine(
  machines: readonly [Machine, Machine],
  scenario: Scenario,
  grants: readonly Grant[],
  onProgress: (done: number, all: number) => void,
): Promise<Findings> {
  const uses = new Uses(grants);
  const underFailures = new Uses(grants);
  const [first, failing] = await Promise.all([
    new MutationRun(machines[0], scenario, { onAllowed: (access, by) => uses.note(access, by) }).run(),
    new MutationRun(machines[1], scenario, {
      withFailures: true,
      onAllowed: (access, by) => underFailures.note(access, by),
    }).run(),
  ]);
  const denials = [...first.denials, ...failing.denials];
  if (denials.length > 0) return { necessary: [], unproven: [], missing: eachOnce(denials) };
  requireGood(first);
  requireGood(failing);
  let done = 1;
  onProgress(done, grants.length + 1);

  const necessary: Necessary[] = [];
  const unproven: Unproven[] = [];
  const waiting = uses.longestFirst().values();
  const lane = async (machine: Machine) => {
    const { resources, defaults } = machine.stack;
    const seen = { ...first, resources, bindings: machine.bindings, project: defaults.project };
    for (const grant of waiting) {
      // What the plain use never needs is looked for where each function fails.
      const withFailures = uses.callsOf(grant) === 0;
      const seenUses = withFailures ? underFailures : uses;
      let result = await without(machine, scenario, grant, withFailures);
      // What is needed only when two things meet may not meet each time.
      if (!result.denial && seenUses.isNeeded(grant)) result = await without(machine, scenario, grant, withFailures);
      const { denial } = result;
      if (denial) necessary.push({ grant, denial });
      else unproven.push({ grant, ...whatIsKnown(seenUses, grant, result), requirement: documented(grant, seen) });
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
async function without(
  machine: Machine,
  scenario: Scenario,
  grant: Grant,
  withFailures: boolean,
): Promise<MutationRunResult & { denial?: Denial }> {
  const options = { bindings: grant.without, endsAt: grant.allows, withFailures };
  const result = await new MutationRun(machine, scenario, options).run();
  return { ...result, denial: result.denials.find(grant.allows) };
}

function whatIsKnown(
  uses: Uses,
  grant: Grant,
  { denials: [other], summary }: MutationRunResult,
): Pick<Unproven, "finding" | "why"> {
  if (other) {
    const why = `a run without it is denied ${other.permission} on ${other.resource}, which it would not have allowed`;
    return { finding: "inconclusive", why };
  }
  const failed = summary && !isGood(summary) ? `, though a run without it fails: ${faultOf(summary)}` : "";
  const calls = uses.callsOf(grant);
  if (calls === 0) return { finding: "not exercised", why: `no call of these runs needed it${failed}` };
  if (failed !== "" || uses.isNeeded(grant)) {
    const why = `a run with all bindings needed it, but two runs without it were denied nothing${failed}`;
    return { finding: "inconclusive", why };
  }
  const others = uses.othersOf(grant).join(" and ");
  return { finding: "redundant", why: `the ${calls} calls that it allows are allowed by ${others} as well` };
}

/** @throws IamCheckError where the run with all bindings shows another fault than denials */
function requireGood({ summary }: MutationRunResult): void {
  if (summary && isGood(summary)) return;
  throw new IamCheckError(`The run with all bindings fails: ${summary ? faultOf(summary) : "it did not begin"}`);
}

function faultOf({ error, refused, lost, unexpected, repeatedEffects, accepted, done }: Summary): string {
  return error ?? refused[0] ?? JSON.stringify({ accepted, done, lost, unexpected, repeatedEffects });
}

function eachOnce(denials: readonly Denial[]): Denial[] {
  return denials.filter((denial, index) => denials.findIndex((other) => isAlike(other, denial)) === index);
}
