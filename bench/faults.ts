import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { printTable, report, time, verdict } from "./measure";

// `npm run bench -- faults`: wall time of many runs of the stack whose items take the most
// deliveries, under all faults.

const STACK = "task-pipeline";
const INPUTS = 200;
const SEED = 1;
/** Seconds. */
const GOAL = { atMost: 60 };

const folder = mkdtempSync(join(tmpdir(), "bench-faults-"));
try {
  const outdir = join(folder, "cdktf.out");
  time(process.execPath, ["scripts/ts.mjs", "scripts/synth.ts"], { CDKTF_OUTDIR: outdir });
  const options = ["--faults", "--seed", String(SEED), "--inputs", String(INPUTS), "--json", "--quiet"];
  const terraform = ["--terraform", join(outdir, "stacks", STACK)];
  const args = ["scripts/ts.mjs", "packages/scenarios/src/cli.ts", ...terraform, ...options];
  const begin = performance.now();
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
  const seconds = (performance.now() - begin) / 1000;
  if (status !== 0) throw new Error(`${STACK} under faults ended with ${status}:\n${stdout}\n${stderr}`);
  const { deliveries } = JSON.parse(stdout.trim().split("\n").at(-1) as string) as { readonly deliveries: number };
  printTable(
    [`${INPUTS} runs of ${STACK} under faults`, "deliveries", "time", "a delivery", `at most ${GOAL.atMost} s`],
    [
      [
        `seed ${SEED}`,
        String(deliveries),
        `${seconds.toFixed(0)} s`,
        `${((seconds / deliveries) * 1000).toFixed(1)} ms`,
        verdict(seconds, (value) => value <= GOAL.atMost),
      ],
    ],
  );
  report([{ name: `${INPUTS} runs of ${STACK} under faults`, unit: "s", value: seconds, goal: GOAL }]);
} finally {
  rmSync(folder, { recursive: true });
}
