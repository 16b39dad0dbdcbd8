import { forEachConcurrently } from "@cdktf-serverless-ml/emulator";
import type { Input, ScenarioRun } from "../shared/scenario";

export interface SubmitOptions {
  /** Inputs under way at once. Default 16. */
  readonly concurrency?: number;
  /** Told after each input that the stack took on. */
  readonly onSubmitted?: (count: number) => void;
}

/**
 * Puts inputs into a stack, several at once, in their order. After a failure nothing new is put in.
 *
 * @throws the first failure, once all that was under way has ended: RequestFailed, InputError
 */
export async function submitAll(
  flow: ScenarioRun,
  inputs: readonly Input[],
  options: SubmitOptions = {},
): Promise<void> {
  const { concurrency = 16, onSubmitted = () => {} } = options;
  let submitted = 0;
  await forEachConcurrently(inputs, concurrency, async (input) => {
    await flow.submit(input);
    onSubmitted(++submitted);
  });
}
