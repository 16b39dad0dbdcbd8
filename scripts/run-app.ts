import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { loadApp } from "./app";

interface CdktfJson {
  readonly context?: Readonly<Record<string, unknown>>;
  readonly output?: string;
}

/**
 * Synthesizes main.ts in this process, with the context of cdktf.json. Like cdktf's command line,
 * it removes the folders of stacks that no longer exist.
 *
 * @returns the output folder
 */
export async function runApp(): Promise<string> {
  const config = JSON.parse(readFileSync("cdktf.json", "utf8")) as CdktfJson;
  const outdir = process.env.CDKTF_OUTDIR ?? config.output ?? "cdktf.out";
  process.env.CDKTF_OUTDIR = outdir;
  process.env.CDKTF_CONTEXT_JSON = JSON.stringify({
    ...config.context,
    ...JSON.parse(process.env.CDKTF_CONTEXT_JSON ?? "{}"),
  });
  await loadApp();
  removeOrphans(outdir);
  return outdir;
}

function removeOrphans(outdir: string): void {
  const manifest = join(outdir, "manifest.json");
  if (!existsSync(manifest)) return;
  const { stacks } = JSON.parse(readFileSync(manifest, "utf8")) as { stacks: Record<string, unknown> };
  const folder = join(outdir, "stacks");
  for (const stack of readdirSync(folder)) {
    if (!(stack in stacks)) rmSync(join(folder, stack), { recursive: true });
  }
}
