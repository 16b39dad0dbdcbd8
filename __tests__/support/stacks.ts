import { join } from "node:path";
import type { App } from "cdktf";
import type { GoogleStack } from "../../lib/parts/google-stack";
import type { Settings } from "../../lib/settings";
import { ROOT, STACK_NAMES } from "../synth/project-copy";

export type StackClass = new (app: App, settings: Settings) => GoogleStack;

/**
 * The deployable stacks by name, which is that of their file in lib/stacks: a new one is tested
 * without a list of its own.
 */
export const STACKS: ReadonlyMap<string, StackClass> = new Map(
  STACK_NAMES.map((name) => {
    const exported: Record<string, unknown> = require(join(ROOT, "lib", "stacks", name));
    const found = Object.entries(exported).find(([key]) => key.endsWith("Stack"));
    if (!found) throw new Error(`lib/stacks/${name}.ts exports no class whose name ends with Stack`);
    return [name, found[1] as StackClass];
  }),
);

/** All of them in one app. */
export function addStacks(app: App, settings: Settings): GoogleStack[] {
  return [...STACKS.values()].map((Stack) => new Stack(app, settings));
}
