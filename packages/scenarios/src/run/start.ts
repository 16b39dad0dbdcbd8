import * as emulator from "@cdktf-serverless-ml/emulator";
import { outputsOf } from "../patterns";
import { publicObjects } from "./public-objects";

/** `Machine.start` of a stack with the outputs that scenarios read from its resources. */
export function startMachine(folder: string, options: emulator.MachineOptions = {}): Promise<emulator.Machine> {
  return emulator.Machine.start(folder, { outputsOf, publicObjects: publicObjects(), ...options });
}

/** `startStack` of a stack with the outputs that scenarios read from its resources. */
export function startStack(folder: string, options: emulator.StartOptions = {}): Promise<emulator.RunningStack> {
  return emulator.startStack(folder, { outputsOf, publicObjects: publicObjects(), ...options });
}

/** @throws StartError if a worker of the stack cannot run here, so that a run proves nothing */
export function requireAll(machine: emulator.Machine): void {
  const missing = machine.missing();
  if (missing.length > 0) throw new emulator.StartError(missing.join("\n"));
}
