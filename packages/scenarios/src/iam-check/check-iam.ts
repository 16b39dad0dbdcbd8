import { counted } from "@cdktf-serverless-ml/cli";
import {
  ApiError,
  type Denial,
  type HostOptions,
  load,
  type Machine,
  type MachineOptions,
} from "@cdktf-serverless-ml/emulator";
import { outputsOf, scenarioOf } from "../patterns";
import { requireAll, startMachine } from "../run/start";
import { isGood, type Summary } from "../run/summary";
import type { Scenario } from "../shared/scenario";
import { documented, type Requirement } from "./documented";
import { type RemovableGrant, removableGrants } from "./grants";
import { isAlike, MutationRun, type MutationRunResult } from "./mutation-run";
import { Uses } from "./uses";

/** A stack whose bindings cannot be checked, and why. */
export class IamCheckError extends Error {}

/** A grant that the stack needs. */
export interface Necessary {
  readonly grant: RemovableGrant;
  /** A call that was denied without the grant and that the grant allows. */
  readonly denial: Denial;
}

/**
 * Why a grant survived. `redundant`: other grants allow every call that it allows. `not exercised`:
 * no call of the runs needed it, which says nothing about other uses. `inconclusive`: the run with
 * all grants needed it, but a run without it was denied nothing that it allows.
 */
export type Finding = "redundant" | "not exercised" | "inconclusive";

/**
 * A survivor of mutation testing: a grant without which a run was denied nothing that the grant
 * allows.
 */
export interface Survivor {
  readonly grant: RemovableGrant;
  readonly finding: Finding;
  /** What the runs showed, for people. */
  readonly why: string;
  /** Google's requirement that the grant meets, if there is one. */
  readonly requirement?: Requirement;
}

interface Findings {
  readonly necessary: readonly Necessary[];
  readonly survivors: readonly Survivor[];
  /**
   * Calls that the stack's bindings do not allow, each once. If there are any, no grant was tested.
   */
  readonly missing: readonly Denial[];
}

export interface IamReport extends Findings {
  readonly stack: string;
  readonly grants: readonly RemovableGrant[];
  /** Real time. */
  readonly seconds: number;
}

export interface IamCheckOptions extends HostOptions {
  /**
   * How the stack is used.
   * @default - by the scenario of its pattern
   */
  readonly scenario?: Scenario;
  /** Called after each run with the number of runs that ended and of all runs. */
  readonly onProgress?: (done: number, all: number) => void;
}

/** Machines that run at the same time, each with all functions of the stack. */
const MACHINES = 2;

/**
 * Mutation testing of a stack's IAM: runs the stack with all its bindings, once normally and once
 * with failures of each function, then without each binding in turn. A binding is needed if the run
 * without it is denied a call that the binding allows.
 *
 * @param folder has `cdk.tf.json`
 * @throws IamCheckError; StackError, LoadError, StartError
 */
export async function checkIam(
  folder: string,
  { onProgress = () => {}, ...options }: IamCheckOptions = {},
): Promise<IamReport> {
  const start = Date.now();
  const { stack, bindings } = load(folder, outputsOf);
  const { scenario = scenarioOf(stack) } = options;
  if (!scenario)
    throw new IamCheckError(
      `${stack.name} is none of the five architectures; use --drive <module> to say how it is used`,
    );
  const { machines, denials } = await startMachines(folder, options);
  try {
    for (const machine of machines) requireAll(machine);
    const [one, other] = machines;
    const grants = removableGrants(stack, bindings);
    const findings =
      one && other
        ? await examine([one, other], scenario, grants, onProgress)
        : { necessary: [], survivors: [], missing: eachOnce(denials) };
    return { stack: stack.name, grants, ...findings, seconds: (Date.now() - start) / 1000 };
  } finally {
    await Promise.all(machines.map((machine) => machine.stop()));
  }
}

/** Returns no machines, and the denials, if the stack's own deployment lacks a permission. */
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
  grants: readonly RemovableGrant[],
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
  if (denials.length > 0) return { necessary: [], survivors: [], missing: eachOnce(denials) };
  requireGood(first);
  requireGood(failing);
  let done = 1;
  onProgress(done, grants.length + 1);

  const necessary: Necessary[] = [];
  const survivors: Survivor[] = [];
  const waiting = uses.longestFirst().values();
  const lane = async (machine: Machine) => {
    const { resources, defaults } = machine.stack;
    const seen = { ...first, resources, bindings: machine.bindings, project: defaults.project };
    for (const grant of waiting) {
      // A grant that the normal run never needs is tested in a run with failures.
      const withFailures = uses.callsOf(grant) === 0;
      const seenUses = withFailures ? underFailures : uses;
      let result = await without(machine, scenario, grant, withFailures);
      // Whether a grant is needed may depend on timing, so it gets a second run.
      if (!result.denial && seenUses.isNeeded(grant)) result = await without(machine, scenario, grant, withFailures);
      const { denial } = result;
      if (denial) necessary.push({ grant, denial });
      else survivors.push({ grant, ...findingOf(seenUses, grant, result), requirement: documented(grant, seen) });
      onProgress(++done, grants.length + 1);
    }
  };
  for (const result of await Promise.allSettled(machines.map(lane)))
    if (result.status === "rejected") throw result.reason;
  const order = <T extends { grant: RemovableGrant }>(found: T[]) =>
    found.sort((a, b) => grants.indexOf(a.grant) - grants.indexOf(b.grant));
  return { necessary: order(necessary), survivors: order(survivors), missing: [] };
}

/** A run without one grant, and its first denial of a call that the grant allows. */
async function without(
  machine: Machine,
  scenario: Scenario,
  grant: RemovableGrant,
  withFailures: boolean,
): Promise<MutationRunResult & { denial?: Denial }> {
  const options = { bindings: grant.without, endsAt: grant.allows, withFailures };
  const result = await new MutationRun(machine, scenario, options).run();
  return { ...result, denial: result.denials.find(grant.allows) };
}

function findingOf(
  uses: Uses,
  grant: RemovableGrant,
  { denials: [other], summary }: MutationRunResult,
): Pick<Survivor, "finding" | "why"> {
  if (other) {
    const why = `a run without it is denied ${other.permission} on ${other.resource}, which this binding does not allow`;
    return { finding: "inconclusive", why };
  }
  const failed = summary && !isGood(summary) ? `, but a run without it fails: ${faultOf(summary)}` : "";
  const calls = uses.callsOf(grant);
  if (calls === 0) return { finding: "not exercised", why: `no call of these runs needed it${failed}` };
  if (failed !== "" || uses.isNeeded(grant)) {
    const why = `the run with all bindings needed it, but two runs without it were denied nothing${failed}`;
    return { finding: "inconclusive", why };
  }
  const others = uses.othersOf(grant).join(" and ");
  return {
    finding: "redundant",
    why: `${others} also ${uses.othersOf(grant).length === 1 ? "allows" : "allow"} the ${counted(calls, "call")} that it allows`,
  };
}

/** @throws IamCheckError if the run with all bindings fails for another reason than a denial */
function requireGood({ summary }: MutationRunResult): void {
  if (summary && isGood(summary)) return;
  throw new IamCheckError(`The run with all bindings fails: ${summary ? faultOf(summary) : "it did not start"}`);
}

function faultOf({ error, refused, lost, unexpected, repeatedEffects, accepted, done }: Summary): string {
  return error ?? refused[0] ?? JSON.stringify({ accepted, done, lost, unexpected, repeatedEffects });
}

function eachOnce(denials: readonly Denial[]): Denial[] {
  return denials.filter((denial, index) => denials.findIndex((other) => isAlike(other, denial)) === index);
}
