/** Key of a run's start that ends in a dead letter. No step can have this name. */
export const START = "(start)";

/** The marker of a step that is done. */
const MARKER = /^runs\/([^/]+)\/steps\/([^/.]+)\.json$/;
/** The marker of an element of a step with `forEach`. */
const ELEMENT_MARKER = /^runs\/([^/]+)\/steps\/([^/]+)\/\d{3}\/(\d{5})\.json$/;

/** A task of the pipeline's queue, from its body. */
export interface Task {
  readonly id: string;
  readonly run: string;
  /** Absent for a task that starts a run. */
  readonly step?: string;
  /** Of a task for one element of a step. */
  readonly index?: number;
}

/** Name of a step, or of one of its elements, among the work items. */
export const keyOf = ({ run, step = START, index }: Omit<Task, "id">) =>
  index === undefined ? `${run}/${step}` : `${run}/${step}/${index}`;

export const isMarkerOfStep = (name: string) => MARKER.test(name);

/** The work item whose marker an object is, if it is one. */
export function keyOfMarker(name: string): string | undefined {
  const [, run, step, index] = MARKER.exec(name) ?? ELEMENT_MARKER.exec(name) ?? [];
  if (run === undefined) return undefined;
  return keyOf({ run, step, index: index === undefined ? undefined : Number(index) });
}

/** Run, step and element in a task's body. */
export function parsed(body: Buffer): Partial<Omit<Task, "id">> {
  try {
    const { run, step, index } = JSON.parse(body.toString());
    return {
      run: typeof run === "string" ? run : undefined,
      step: typeof step === "string" ? step : undefined,
      index: typeof index === "number" ? index : undefined,
    };
  } catch {
    return {};
  }
}
