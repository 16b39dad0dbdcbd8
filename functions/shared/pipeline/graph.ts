import * as v from "valibot";

/**
 * A step's name: lower-case letters, digits and hyphens, at most 40. `steps` is reserved for the
 * folder of the markers.
 */
export const stepName = v.pipe(
  v.string(),
  v.regex(/^(?!steps$)[a-z][a-z0-9-]{0,39}$/, "a step name like train, other than steps"),
);

/** One step of a pipeline, as in `run.json` and the `STEPS` variable. */
export const stepSchema = v.object({
  name: stepName,
  /** The step function's URL, https only. */
  url: v.pipe(v.string(), v.regex(/^https:\/\/[^\s/]+(\/\S*)?$/, "an https:// URL"), v.maxLength(2083)),
  /** Names of the steps that must be done before. */
  after: v.array(stepName),
  /** Seconds that one attempt may take, 15 to 1800. */
  deadlineSeconds: v.pipe(v.number(), v.integer(), v.minValue(15), v.maxValue(1800)),
  /** The step runs once for each element of this output of an earlier step. */
  forEach: v.optional(v.pipe(v.string(), v.regex(/^[A-Za-z0-9_.-]{1,100}$/, "an output's name like shards"))),
  /** Share of the elements that must succeed, above 0, to 1. Default 1. */
  minSuccess: v.optional(
    v.pipe(
      v.number(),
      v.check((share) => share > 0 && share <= 1, "above 0, to 1"),
    ),
  ),
});

export type Step = v.InferOutput<typeof stepSchema>;

/** The steps of a pipeline: unique names, known dependencies, no cycle. */
export const stepsSchema = v.pipe(
  v.array(stepSchema),
  v.minLength(1, "at least one step"),
  v.check((steps) => new Set(steps.map((step) => step.name)).size === steps.length, "steps with different names"),
  v.check((steps) => {
    const names = new Set(steps.map((step) => step.name));
    return steps.every((step) => step.after.every((name) => names.has(name)));
  }, "`after` that names steps of this pipeline"),
  v.check((steps) => steps.every((step) => !step.forEach || step.after.length > 0), "`after` with `forEach`"),
  v.check((steps) => steps.every((step) => !ancestors(steps, step.name).includes(step.name)), "steps without a cycle"),
);

/** Names of all steps that `name` depends on, directly or indirectly, nearest first. */
export function ancestors(steps: readonly Step[], name: string): string[] {
  const found = new Set<string>();
  let frontier = [name];
  while (frontier.length > 0) {
    const before = steps.filter((step) => frontier.includes(step.name)).flatMap((step) => step.after);
    frontier = [...new Set(before)].filter((candidate) => !found.has(candidate));
    for (const candidate of frontier) found.add(candidate);
  }
  return [...found];
}
