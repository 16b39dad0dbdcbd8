import type { Flow, Input } from "./flows";

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
export async function submitAll(flow: Flow, inputs: readonly Input[], options: SubmitOptions = {}): Promise<void> {
  const { concurrency = 16, onSubmitted = () => {} } = options;
  const waiting = inputs.values();
  let [submitted, failed] = [0, false];
  const lane = async () => {
    for (const input of waiting) {
      if (failed) return;
      await flow.submit(input).catch((error) => {
        failed = true;
        throw error;
      });
      onSubmitted(++submitted);
    }
  };
  const lanes = Array.from({ length: Math.min(concurrency, inputs.length) }, lane);
  for (const result of await Promise.allSettled(lanes)) if (result.status === "rejected") throw result.reason;
}
