import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median, printTable, time, verdict } from "./measure";

// `npm run bench:synth`: how long synthesis takes, compared with the same app under ts-node as
// `cdktf init` sets it up, and how it grows with the number of patterns. All runs of one table
// alternate, so that other load on the machine affects both alike.

const RUNS = 5;
const CACHE = join("node_modules", ".cache", "cdktf-serverless-ml");
const out = mkdtempSync(join(tmpdir(), "bench-synth-"));
const context = JSON.stringify(JSON.parse(readFileSync("cdktf.json", "utf8")).context);
const env = { CDKTF_OUTDIR: join(out, "cdktf.out"), CDKTF_CONTEXT_JSON: context };

function compareRunners(): void {
  const ours = ["scripts/ts.mjs", "scripts/cdktf-app.ts"];
  const tsNode = ["ts-node", "main.ts"];
  const times = { cold: [] as number[], coldTsNode: [] as number[], warm: [] as number[], warmTsNode: [] as number[] };
  for (let run = 0; run < RUNS; run++) {
    rmSync(CACHE, { recursive: true, force: true });
    times.cold.push(time("node", ours, env));
    times.warm.push(time("node", ours, env));
    rmSync(CACHE, { recursive: true, force: true });
    times.coldTsNode.push(time("npx", tsNode, env));
    times.warmTsNode.push(time("npx", tsNode, env));
  }
  const row = (name: string, mine: number[], theirs: number[]) => {
    const ratio = median(theirs) / median(mine);
    return [name, ms(median(mine)), ms(median(theirs)), `${ratio.toFixed(1)}x`, verdict(ratio, (value) => value >= 5)];
  };
  printTable(
    ["five stacks, median of 5", "this app", "npx ts-node", "faster", "at least 5x"],
    [
      row("functions bundled anew", times.cold, times.coldTsNode),
      row("bundles from the cache", times.warm, times.warmTsNode),
    ],
  );
}

function scale(): void {
  const measured = [1, 10, 100, 1000].map((count) => ({ count, ...instances(count) }));
  const per100 = measured[2] as { milliseconds: number };
  const rows = measured.map(({ count, milliseconds, resources, megabytes }) => {
    const growth = milliseconds / count / (per100.milliseconds / 100);
    return [
      String(count),
      String(resources),
      ms(milliseconds),
      `${(milliseconds / count).toFixed(1)} ms`,
      `${growth.toFixed(2)}x`,
      `${megabytes.toFixed(0)} MB`,
      count === 1000
        ? `${verdict(growth, (value) => value <= 1.3)}, ${verdict(megabytes, (value) => value < 500)}`
        : "",
    ];
  });
  printTable(
    ["AsyncBatch instances", "resources", "time", "each", "against 100", "memory", "at most 1.3x, 500 MB"],
    rows,
  );
}

/** Synthesizes this number of patterns in a separate process. */
function instances(count: number): { milliseconds: number; megabytes: number; resources: number } {
  const { stdout, stderr, status } = spawnSync("node", ["scripts/ts.mjs", "bench/instances.ts", String(count)], {
    env: { ...process.env, CDKTF_OUTDIR: join(out, `instances-${count}`) },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

function ms(milliseconds: number): string {
  return `${milliseconds.toFixed(0)} ms`;
}

try {
  compareRunners();
  scale();
} finally {
  rmSync(out, { recursive: true, force: true });
}
