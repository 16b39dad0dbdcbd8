import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * The stacks of this project, synthesized into a folder of its own.
 *
 * @param settings environment variables
 */
export function synthesized(settings: Readonly<Record<string, string>> = {}): {
  stack(name: string): string;
  remove(): void;
} {
  const folder = mkdtempSync(join(tmpdir(), "synthesized-"));
  execFileSync(process.execPath, ["scripts/ts.mjs", "scripts/synth.ts"], {
    env: { ...process.env, CDKTF_OUTDIR: folder, ...settings },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return {
    stack: (name) => join(folder, "stacks", name),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: Terraform JSON has no type here.
type Json = any;

/** A copy of a synthesized stack whose JSON was changed; it is removed with the original. @returns its folder */
export function changed(stack: string, change: (json: Json) => void): string {
  const folder = mkdtempSync(join(stack, "../../changed-"));
  cpSync(stack, folder, { recursive: true });
  const file = join(folder, "cdk.tf.json");
  const json = JSON.parse(readFileSync(file, "utf8"));
  change(json);
  writeFileSync(file, JSON.stringify(json));
  return folder;
}
