import * as emulator from "@cdktf-serverless-ml/emulator";
import { knownOutputs } from "../flows/known-outputs";

/** `Machine.start`, for stacks that are used by the outputs of an architecture, whether they have these or not. */
export function startMachine(folder: string, options: emulator.MachineOptions = {}): Promise<emulator.Machine> {
  return emulator.Machine.start(folder, { outputsOf: knownOutputs, ...options });
}

/** The same of `startStack`. */
export function startStack(folder: string, options: emulator.StartOptions = {}): Promise<emulator.RunningStack> {
  return emulator.startStack(folder, { outputsOf: knownOutputs, ...options });
}
