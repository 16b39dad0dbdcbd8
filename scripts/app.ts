import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { bundleAhead } from "../lib/core/bundle";

/**
 * Runs main.ts. esbuild bundles the functions in its own process, while cdktf and the provider load
 * in this one.
 */
export async function loadApp(): Promise<void> {
  const bundling = bundleAhead(functionEntries());
  require("../lib");
  await bundling;
  require("../main");
}

/** Absolute paths of the shipped functions' modules. One that does not exist would end their common build. */
export function functionEntries(): string[] {
  return readdirSync("functions", { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "shared")
    .map(({ name }) => resolve("functions", name, "index.ts"));
}
