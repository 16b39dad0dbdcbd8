import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * The stacks of this project, synthesized into a folder of its own. With the settings as they are,
 * that is a copy of what the first test of a run synthesized.
 *
 * @param settings environment variables
 */
export function synthesized(settings: Readonly<Record<string, string>> = {}): {
  stack(name: string): string;
  remove(): void;
} {
  const folder = mkdtempSync(join(tmpdir(), "synthesized-"));
  if (Object.keys(settings).length > 0) synthesizeInto(folder, settings);
  else cpSync(synthesizedOnce(), folder, { recursive: true });
  return {
    stack: (name) => join(folder, "stacks", name),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

function synthesizedOnce(): string {
  const run = process.env.TEST_RUN_FOLDER;
  if (!run) throw new Error("TEST_RUN_FOLDER is not set: __tests__/jest/setup.js sets it");
  const shared = join(run, "synthesized");
  if (existsSync(shared)) return shared;
  const folder = mkdtempSync(join(run, "synthesizing-"));
  synthesizeInto(folder, {});
  try {
    renameSync(folder, shared);
  } catch {
    // Another worker was first.
  }
  return shared;
}

function synthesizeInto(folder: string, settings: Readonly<Record<string, string>>): void {
  execFileSync(process.execPath, ["scripts/ts.mjs", "scripts/synth.ts"], {
    env: { ...process.env, CDKTF_OUTDIR: folder, ...settings },
    stdio: ["ignore", "ignore", "inherit"],
  });
}

// biome-ignore lint/suspicious/noExplicitAny: Terraform JSON has no type here.
type Json = any;

/**
 * A copy of a synthesized stack whose JSON was changed; it is removed with the original.
 *
 * @returns its folder
 */
export function changed(stack: string, change: (json: Json) => void): string {
  const folder = mkdtempSync(join(stack, "../../changed-"));
  cpSync(stack, folder, { recursive: true });
  const file = join(folder, "cdk.tf.json");
  const json = JSON.parse(readFileSync(file, "utf8"));
  change(json);
  writeFileSync(file, JSON.stringify(json));
  return folder;
}

/**
 * Makes a stack give items up after five attempts: of poison, every attempt takes a process with
 * it. How long the stacks try is held by __tests__/lib/patience.test.ts.
 */
export function givingUpSoon(json: Json): void {
  for (const { service_config } of Object.values<Json>(json.resource.google_cloudfunctions2_function)) {
    const variables = service_config.environment_variables;
    if (variables.MAX_ATTEMPTS) variables.MAX_ATTEMPTS = "5";
  }
  for (const { dead_letter_policy } of Object.values<Json>(json.resource.google_pubsub_subscription ?? {})) {
    if (dead_letter_policy) dead_letter_policy.max_delivery_attempts = 5;
  }
}
