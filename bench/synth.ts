import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median, printTable, report, time, verdict } from "./measure";

// `npm run bench -- synth`: how long synthesis takes, compared with the same app under ts-node as
// `cdktf init` sets it up, and how it grows with the number of patterns. All runs of one table
// alternate, so that other load on the machine affects both alike.

const RUNS = 5;
/**
 * Times as fast as ts-node; milliseconds and MB of each of a thousand patterns; growth of the time
 * of each.
 */
const FASTER = { atLeast: 6 };
const EACH = { atMost: 7 };
const MEMORY = { atMost: 0.3 };
const GROWTH = { atMost: 1.3 };
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
    return [
      name,
      ms(median(mine)),
      ms(median(theirs)),
      `${ratio.toFixed(1)}x`,
      verdict(ratio, (value) => value >= FASTER.atLeast),
    ];
  };
  printTable(
    ["five stacks, median of 5", "this app", "npx ts-node", "faster", `at least ${FASTER.atLeast}x`],
    [
      row("functions bundled anew", times.cold, times.coldTsNode),
      row("bundles from the cache", times.warm, times.warmTsNode),
    ],
  );
  const result = (name: string, mine: number[], theirs: number[]) => {
    const ratio = median(theirs) / median(mine);
    return { name, unit: "ms", value: median(mine), ratio, goal: FASTER };
  };
  report([
    result("synthesis of five stacks, functions bundled anew, against ts-node", times.cold, times.coldTsNode),
    result("synthesis of five stacks, bundles from the cache, against ts-node", times.warm, times.warmTsNode),
  ]);
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
      `${(megabytes / count).toFixed(2)} MB`,
    ];
  });
  printTable(["AsyncBatch instances", "resources", "time", "each", "against 100", "memory of each"], rows);
  const { count, milliseconds, megabytes } = measured[3] as (typeof measured)[number];
  const each = milliseconds / count;
  report([
    { name: "each of 1,000 AsyncBatch in a stack: time", unit: "ms", value: each, goal: EACH },
    { name: "each of 1,000 AsyncBatch in a stack: memory", unit: "MB", value: megabytes / count, goal: MEMORY },
    {
      name: "each of 1,000 AsyncBatch against each of 100",
      unit: "ms",
      value: each,
      ratio: each / (per100.milliseconds / 100),
      goal: GROWTH,
    },
  ]);
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
