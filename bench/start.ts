import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median, printTable, report, verdict } from "./measure";

// `npm run bench -- start`: how long stacks take to start and to run on this machine.

const RUNS = 3;
const RUNNER = join("scripts", "ts.mjs");
const CACHE = join("node_modules", ".cache", "cdktf-serverless-ml");
/** Seconds of `npm start`, and until the functions of one stack listen. */
const START_GOAL = { atMost: 5 };
const READY_GOAL = { atMost: 2 };
const folder = mkdtempSync(join(tmpdir(), "bench-start-"));
const outdir = join(folder, "cdktf.out");

/** All stacks in a fresh clone of the project: synthesized, started and run on their samples. */
function runAll(): void {
  rmSync(CACHE, { recursive: true, force: true });
  // Without a Python that has Beam, on which the stack's jobs would run.
  const { LOCAL_PYTHON: _, ...env } = process.env;
  const begin = performance.now();
  const { stdout, stderr } = spawnSync("npm", ["start"], {
    env: { ...env, CDKTF_OUTDIR: outdir },
    encoding: "utf8",
  });
  const spent = (performance.now() - begin) / 1000;
  const bad = stacks().filter(({ name }) => !stdout.includes(`\nOK  ${name}  `));
  const done = `${stacks().length - bad.length} of ${stacks().length}`;
  printTable(
    ["npm start, functions bundled anew", "stacks that passed", "time", "at most 5 s"],
    [["", done, seconds(spent), verdict(spent, (value) => value <= START_GOAL.atMost)]],
  );
  if (bad.length > 0) throw new Error(`failed: ${bad.map(({ name }) => name).join(", ")}\n${stderr}`);
  report([{ name: "npm start, functions bundled anew", unit: "s", value: spent, goal: START_GOAL }]);
}

/** From the command to the moment when all functions listen, stack by stack. */
async function startEach(): Promise<void> {
  const times = new Map<string, number[]>(stacks().map(({ name }) => [name, []]));
  for (let run = 0; run < RUNS; run++) {
    for (const stack of stacks()) times.get(stack.name)?.push(await ready(stack.folder));
  }
  const rows = [...times].map(([name, measured]) => {
    const spent = median(measured);
    return [name, seconds(spent), verdict(spent, (value) => value <= READY_GOAL.atMost)];
  });
  printTable([`until all functions listen, median of ${RUNS}`, "time", "at most 2 s"], rows);
  const slowest = Math.max(...[...times.values()].map(median));
  report([{ name: "until all functions listen, slowest stack", unit: "s", value: slowest, goal: READY_GOAL }]);
}

/** @returns seconds */
function ready(stack: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const child = spawn("node", [RUNNER, "packages/scenarios/src/cli.ts", "--terraform", stack, "--keep", "--quiet"]);
    let result: number | undefined;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (result !== undefined || !text.includes("runs here until Ctrl-C")) return;
      result = (performance.now() - begin) / 1000;
      child.kill("SIGINT");
    });
    child.stderr.resume();
    child.once("close", () => (result === undefined ? reject(new Error(`${stack} does not start`)) : resolve(result)));
  });
}

function stacks(): { name: string; folder: string }[] {
  const all = join(outdir, "stacks");
  return readdirSync(all)
    .sort()
    .map((name) => ({ name, folder: join(all, name) }));
}

function seconds(value: number): string {
  return `${value.toFixed(2)} s`;
}

async function main(): Promise<void> {
  runAll();
  await startEach();
}

main()
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => rmSync(folder, { recursive: true, force: true }));
