import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { App } from "cdktf";
import type { GoogleStack } from "../../lib/parts/google-stack";
import type { Settings } from "../../lib/settings";
import { ROOT } from "../synth/project-copy";

export type StackClass = new (app: App, settings: Settings) => GoogleStack;

const FOLDER = join(ROOT, "lib", "stacks");

/** The deployable stacks by name, which is that of their file in lib/stacks: a new one is tested without a list of its own. */
export const STACKS: ReadonlyMap<string, StackClass> = new Map(
  readdirSync(FOLDER)
    .map((file) => file.replace(".ts", ""))
    .sort()
    .flatMap((name) => {
      const exported: Record<string, unknown> = require(join(FOLDER, name));
      const [Stack] = Object.entries(exported).flatMap(([key, value]) => (key.endsWith("Stack") ? [value] : []));
      return Stack ? [[name, Stack as StackClass]] : [];
    }),
);

/** All of them in one app. */
export function addStacks(app: App, settings: Settings): GoogleStack[] {
  return [...STACKS.values()].map((Stack) => new Stack(app, settings));
}
