import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a change of the constructs means for the stacks that run. */
export interface Synthesized {
  /** As `npm run review` says it: Markdown. */
  readonly changes: string;
  /** Names of the stacks of which more than code has changed. */
  readonly restart: readonly string[];
}

/** Hashes in names of uploaded sources change with the code, which reaches functions without a restart. */
const HASH = /[0-9a-f]{8,64}(?=\.zip)/g;
const OUT = "cdktf.out";

/**
 * Synthesizes into a folder of its own, and compares with the stacks that run. cdktf.out stays.
 *
 * @throws Error with what the app or the review printed
 */
export async function synthesized(stacks: readonly string[]): Promise<Synthesized> {
  const head = mkdtempSync(join(tmpdir(), "synthesized-"));
  try {
    await run(["scripts/synth.ts"], { CDKTF_OUTDIR: head });
    const changes = await run(["packages/review/src/cli.ts", "--base", OUT, "--head", head, "--allow-destroy"]);
    const restart = stacks.filter((stack) => jsonOf(OUT, stack) !== jsonOf(head, stack));
    return { changes, restart };
  } finally {
    rmSync(head, { recursive: true, force: true });
  }
}

function jsonOf(outdir: string, stack: string): string | undefined {
  const file = join(outdir, "stacks", stack, "cdk.tf.json");
  return existsSync(file) ? readFileSync(file, "utf8").replace(HASH, "") : undefined;
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
