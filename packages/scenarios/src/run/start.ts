import * as emulator from "@cdktf-serverless-ml/emulator";
import { outputsOf } from "../patterns";
import { PUBLIC_OBJECTS } from "./public-objects";

/** `Machine.start`, for stacks that are used by the outputs of an architecture, whether they have these or not. */
export function startMachine(folder: string, options: emulator.MachineOptions = {}): Promise<emulator.Machine> {
  return emulator.Machine.start(folder, { outputsOf, publicObjects: PUBLIC_OBJECTS, ...options });
}

/** The same of `startStack`. */
export function startStack(folder: string, options: emulator.StartOptions = {}): Promise<emulator.RunningStack> {
  return emulator.startStack(folder, { outputsOf, publicObjects: PUBLIC_OBJECTS, ...options });
}
