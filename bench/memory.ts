import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { printTable, report, verdict } from "./measure";

// `npm run bench -- memory`: memory of queued tasks, in a separate runtime without functions.

const QUEUED = 100_000;
/** MB over those of the runtime with nothing queued. */
const GOAL = { atMost: 150 };

const folder = mkdtempSync(join(tmpdir(), "bench-memory-"));
try {
  const args = [join("scripts", "ts.mjs"), "bench/local-memory.ts", join(folder, "memory"), String(QUEUED)];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  const { empty, peak } = JSON.parse(stdout) as { readonly empty: number; readonly peak: number };
  const over = peak - empty;
  printTable(
    ["memory of the runtime", "nothing queued", `${QUEUED} tasks, peak`, "over idle", `at most ${GOAL.atMost} MB`],
    [
      [
        "resident",
        `${empty.toFixed(0)} MB`,
        `${peak.toFixed(0)} MB`,
        `${over.toFixed(0)} MB`,
        verdict(over, (value) => value <= GOAL.atMost),
      ],
    ],
  );
  report([{ name: `${QUEUED} queued tasks, over idle`, unit: "MB", value: over, goal: GOAL }]);
} finally {
  rmSync(folder, { recursive: true });
}
