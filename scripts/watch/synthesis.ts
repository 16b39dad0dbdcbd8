import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Stacks as they are now. */
export interface Synthesized {
  /** Against `cdktf.out`, as `npm run review` says it: Markdown. */
  readonly changes: string;
  /** Holds `stacks/<name>`. */
  readonly folder: string;
  /** Removes the folder. */
  remove(): void;
}

const OUT = "cdktf.out";

/**
 * Synthesizes into a folder of its own, and compares with cdktf.out, which stays.
 *
 * @throws Error with what the app or the review printed
 */
export async function synthesized(): Promise<Synthesized> {
  const folder = mkdtempSync(join(tmpdir(), "synthesized-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    await run(["scripts/synth.ts"], { CDKTF_OUTDIR: folder });
    const changes = await run(["packages/review/src/cli.ts", "--base", OUT, "--head", folder, "--allow-destroy"]);
    return { changes, folder, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function run(args: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...variables }, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, ["scripts/ts.mjs", ...args], options, (error, stdout, stderr) => {
      if (error) reject(new Error([stderr, stdout].filter(Boolean).join("\n").trim() || error.message));
      else resolve(stdout);
    });
  });
}
