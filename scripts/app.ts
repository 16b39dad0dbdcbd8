import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { bundleAhead } from "../lib/core/bundle";

/**
 * Runs main.ts. esbuild bundles the functions in its own process, while cdktf and the provider load
 * in this one.
 */
export async function loadApp(): Promise<void> {
  const functions = readdirSync("functions").filter((name) => name !== "shared");
  const bundling = bundleAhead(functions.map((name) => resolve("functions", name, "index.ts")));
  require("../lib");
  await bundling;
  require("../main");
}
