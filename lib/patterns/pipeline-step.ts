/** Properties that all steps have. */
export interface PipelineStepOptions {
  /**
   * Steps that must end before this one begins.
   * @default - none: the step begins at once
   */
  readonly after?: readonly string[];
  /**
   * Name of an output of an earlier step: 1 to 100 of letters, digits, `_`, `.` and `-`. The step
   * runs once for each element of the list that the output holds, at most 10,000 times. Later steps
   * begin when all have ended, and get each output as a list in the elements' order.
   *
   * A worker must be in TypeScript on `pipelineStep` to have it.
   * @default - the step runs once
   */
  readonly forEach?: string;
  /**
   * Share of the elements that must succeed: above 0, to 1. With fewer the step fails. Elements
   * that fail are `null` in the lists. Only with `forEach`.
   * @default 1
   */
  readonly minSuccess?: number;
}
