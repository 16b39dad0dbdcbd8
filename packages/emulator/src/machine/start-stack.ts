import { Machine, type MachineOptions, type RunOptions } from "./machine";
import type { RunningStack } from "./running-stack";

export { StartError } from "./machine";

export interface StartOptions extends RunOptions, MachineOptions {}

/**
 * Starts a synthesized stack on this machine, and waits until all its functions listen.
 *
 * @param folder holds `cdk.tf.json`.
 * @throws StackError, LoadError with everything that is not simulated, ApiError for what the stack's own deployment may not do,
 *   StartError. Nothing runs then any more.
 */
export async function startStack(folder: string, options: StartOptions = {}): Promise<RunningStack> {
  const machine = await Machine.start(folder, options);
  try {
    const running = machine.run(options);
    running.onStop(() => machine.stop());
    return running;
  } catch (error) {
    await machine.stop();
    throw error;
  }
}
