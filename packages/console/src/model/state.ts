import type { MachineState } from "@cdktf-serverless-ml/emulator";
import { summarise } from "@cdktf-serverless-ml/scenarios";
import type { BoxState, RunSummary, StackState } from "../api-types";
import type { OpenedStack } from "./opened-stack";
import type { Recording } from "./recording";
import type { Wires } from "./stack-map";

/** Milliseconds of real time between looks at the work items, of which there may be many. */
const SUMMARY_EVERY = 1_000;
/** Work items whose names are looked for. */
const NAMED = 2_000;

/** What waits and what is under way in a stack, and how far its work is. */
export class StateReader {
  private readonly started = Date.now();
  private summary?: { readonly at: number; readonly calls: number; readonly numbers: Partial<RunSummary> };
  private names: ReadonlyMap<string, string> = new Map();

  constructor(
    private readonly stack: OpenedStack,
    private readonly recording: Recording,
    private readonly wires: Wires,
  ) {}

  /** The pattern's name of a work item by the id of a task, a message or an object. */
  nameOf(mark: string): string | undefined {
    return this.names.get(mark);
  }

  state(): StackState {
    const { running } = this.stack;
    const machine = running.controls.state();
    const boxes: Record<string, BoxState> = {};
    const put = (box: string | undefined, state: BoxState) => {
      if (box !== undefined) boxes[box] = { ...boxes[box], ...state };
    };
    for (const { id } of this.wires.map.boxes) put(id, this.recording.countsOf(id));
    for (const { id, tasks, running: inFlight, paused } of machine.queues) {
      put(this.wires.named(`queue ${id}`), { tasks, inFlight, paused });
    }
    for (const { name, ...state } of machine.workers) put(this.wires.named(`worker ${name}`), state);
    for (const { id, backlog } of machine.subscriptions) put(this.wires.named(`subscription ${id}`), { backlog });
    for (const { name, objects, bytes } of machine.buckets) put(this.wires.named(`bucket ${name}`), { objects, bytes });
    for (const { id, next } of machine.schedules) put(this.wires.named(`schedule ${id}`), { next });
    for (const [workflow, states] of byWorkflow(machine)) put(this.wires.named(`workflow ${workflow}`), states);
    const nextDue = nextOf(machine);
    return {
      now: running.parts.clock.now(),
      pending: running.pending(),
      boxes,
      arrows: Object.fromEntries(this.recording.arrows),
      summary: this.runSummary(),
      ...(nextDue !== undefined && { nextDue }),
    };
  }

  runSummary(): RunSummary {
    const { running } = this.stack;
    const { denials, callCount: calls } = this.recording;
    return {
      ...this.numbers(),
      calls,
      denied: denials,
      deadLetters: running.deadLetters().length,
      notSimulated: [...new Set(running.parts.unsimulated)],
    };
  }

  private numbers(): Partial<RunSummary> {
    const { run, running } = this.stack;
    if (!run) return {};
    const { callCount: calls } = this.recording;
    const at = Date.now() - this.started;
    if (this.summary && (this.summary.calls === calls || at - this.summary.at < SUMMARY_EVERY))
      return this.summary.numbers;
    const result = run.result();
    const { accepted, done, partial, deadLettered, notReached, lost } = summarise({
      stack: running.stack.name,
      result,
      outputs: {},
      hops: 0,
      denials: [],
      unsimulated: [],
    });
    const numbers = { accepted, done, partial, deadLettered, notReached, open: lost };
    this.summary = { at, calls, numbers };
    if (result.accepted.length <= NAMED) this.names = namesOf(result.accepted, (key) => run.marks(key));
    return numbers;
  }
}

/** Marks that only one work item has. */
function namesOf(keys: readonly string[], marksOf: (key: string) => readonly string[]): Map<string, string> {
  const names = new Map<string, string>();
  const shared = new Set<string>();
  for (const key of keys) {
    for (const mark of marksOf(key)) {
      if (names.has(mark) && names.get(mark) !== key) shared.add(mark);
      names.set(mark, key);
    }
  }
  for (const mark of shared) names.delete(mark);
  return names;
}

function byWorkflow({
  executions,
}: MachineState): Map<string, Required<Pick<BoxState, "active" | "succeeded" | "failed">>> {
  const states = new Map<string, { active: number; succeeded: number; failed: number }>();
  for (const { workflow, state } of executions) {
    const counts = states.get(workflow) ?? { active: 0, succeeded: 0, failed: 0 };
    states.set(workflow, counts);
    counts[state === "ACTIVE" ? "active" : state === "SUCCEEDED" ? "succeeded" : "failed"]++;
  }
  return states;
}

function nextOf({ queues, schedules }: MachineState): number | undefined {
  const times = [
    ...queues.flatMap(({ paused, next }) => (paused ? [] : (next ?? []))),
    ...schedules.flatMap(({ next }) => next ?? []),
  ];
  return times.length === 0 ? undefined : Math.min(...times);
}
