import { isKnown, matches, type Rule } from "../core/validation";

/** For each step, the steps that it waits for. */
export type Graph = Readonly<Record<string, readonly string[]>>;

/**
 * Rules for the steps of a pipeline: no unknown names, no names that a task cannot have, no cycles.
 */
export function graphRules(graph: Graph): Rule[] {
  const names = Object.keys(graph);
  const unknown = names.flatMap((step) =>
    (graph[step] ?? []).filter((other) => !names.includes(other)).map((other) => ({ step, other })),
  );
  const cycle = findCycle(graph);
  return [
    { code: "InvalidValue", broken: names.length === 0, message: "the pipeline has no steps; allowed are one or more" },
    ...names.map(
      (name): Rule => ({
        code: "InvalidName",
        broken: !/^(?!steps$)[a-z][a-z0-9-]{0,39}$/.test(name),
        message: `a step is named "${name}"; allowed are 1 to 40 of a-z, 0-9 and -, beginning with a letter, but not "steps", the folder of the markers`,
      }),
    ),
    ...unknown.map(
      ({ step, other }): Rule => ({
        code: "UnknownStep",
        broken: true,
        message: `step "${step}" runs after "${other}", which is not a step; steps are ${names.join(", ")}`,
      }),
    ),
    {
      code: "PipelineCycle",
      broken: cycle !== undefined,
      message: `steps wait for each other: ${cycle?.join(" -> ")}`,
    },
  ];
}

/** The properties of a step that runs once for each element of a list. */
interface ElementProps {
  readonly after?: readonly string[];
  readonly forEach?: string;
  readonly minSuccess?: number;
}

/** Rules for one step. Which outputs there are is known when the pipeline runs. */
export function elementRules(name: string, { after = [], forEach, minSuccess }: ElementProps): Rule[] {
  return [
    matches(
      `forEach of step "${name}"`,
      forEach,
      /^[A-Za-z0-9_.-]{1,100}$/,
      "the name of an output: 1 to 100 of letters, digits, _, . and -",
    ),
    {
      code: "InvalidValue",
      broken: forEach !== undefined && after.length === 0,
      message: `step "${name}" has forEach "${forEach}" and runs after no step; allowed are outputs of a step that it runs after`,
    },
    {
      code: "OutOfRange",
      broken: isKnown(minSuccess) && !(minSuccess > 0 && minSuccess <= 1),
      message: `minSuccess of step "${name}" is ${minSuccess}; allowed is above 0, to 1`,
    },
    {
      code: "InvalidValue",
      broken: minSuccess !== undefined && forEach === undefined,
      message: `step "${name}" has minSuccess and no forEach; allowed is both, or forEach alone`,
    },
  ];
}

/** Tells whether other steps wait for a step. */
export function hasDependents(graph: Graph, step: string): boolean {
  return Object.values(graph).some((after) => after.includes(step));
}

/** A cycle of steps, each before the one that waits for it, or undefined. */
function findCycle(graph: Graph): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (step: string): string[] | undefined => {
    if (done.has(step)) return undefined;
    const start = path.indexOf(step);
    if (start >= 0) return [...path.slice(start), step].reverse();
    path.push(step);
    for (const before of graph[step] ?? []) {
      const cycle = visit(before);
      if (cycle) return cycle;
    }
    path.pop();
    done.add(step);
    return undefined;
  };
  for (const step of Object.keys(graph)) {
    const cycle = visit(step);
    if (cycle) return cycle;
  }
  return undefined;
}
