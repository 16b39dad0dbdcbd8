import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endWithOthers, FlagError, readFlags } from "@cdktf-serverless-ml/cli";
import { findChromium, NO_CHROMIUM } from "../scripts/chromium";
import { RESULTS_FILE, type Result } from "./measure";
import { compare, isWorse, readTable, type Table, thisMachine, writeTable } from "./table";

// `npm run bench`: runs the benchmarks one after the other, each in its own process, and writes one
// table of their figures.

interface Benchmark {
  readonly name: string;
  readonly about: string;
  /** @returns what is missing on this machine */
  readonly missing?: () => string | undefined;
}

const PYTHON = process.env.LOCAL_PYTHON ?? "python3";

const BENCHMARKS: readonly Benchmark[] = [
  { name: "synth", about: "synthesis against ts-node, and a thousand patterns in one stack" },
  { name: "functions", about: "cold start of each function against the bare functions-framework" },
  { name: "start", about: "npm start, and each stack until its functions listen" },
  { name: "dispatch", about: "tasks and messages through the emulators against straight calls" },
  { name: "memory", about: "memory of 100,000 queued tasks" },
  { name: "faults", about: "200 runs of task-pipeline under faults" },
  { name: "scale", about: "how long a queue takes for 100,000 tasks, in virtual time" },
  {
    name: "console",
    about: "the console's page: its size, and its frames while 10,000 events come",
    missing: () => (findChromium() ? undefined : NO_CHROMIUM),
  },
  {
    name: "beam",
    about: "the pipeline flowers on Apache Beam; LOCAL_PYTHON names a Python that has it",
    missing: () =>
      spawnSync(PYTHON, ["-c", "import apache_beam"]).status === 0 ? undefined : `${PYTHON} has no apache_beam`,
  },
];

const NAMES = BENCHMARKS.map(({ name }) => name);
const RESULTS = join("bench", "results");
const USAGE = `usage: npm run bench -- [${NAMES.join("] [")}] [options]

Runs all benchmarks, or the named ones, and prints one table, as Markdown. What each of them does goes to stderr.
${BENCHMARKS.map(({ name, about }) => `  ${name.padEnd(11)}${about}`).join("\n")}

A figure that is a quarter worse than the last one in ${RESULTS} is marked WORSE. Ratios are compared with those of any
machine, other figures with those of the same processor, number of cores and version of Node.js.

options:
  --save        writes the table to ${RESULTS}/<date>.md
  --beam-million  beam: measures 1,000,000 rows, too, which takes minutes
  --help        prints this text

exit code: 0 nothing is worse; 1 a benchmark failed, or a figure is worse; 2 the arguments are wrong`;

const FLAGS = {
  save: { type: "boolean" },
  "beam-million": { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

async function main(): Promise<number> {
  const { values, positionals } = readFlags(process.argv.slice(2), FLAGS);
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const unknown = positionals.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new FlagError(`Given ${unknown}; allowed: ${NAMES.join(", ")}`);
  const wanted = BENCHMARKS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const earlier = earlierTables();

  const results: Result[] = [];
  const notes: string[] = [];
  let failed = false;
  for (const [index, { name, missing }] of wanted.entries()) {
    const why = missing?.();
    if (why !== undefined) {
      notes.push(`${name} was not run: ${why}.`);
      continue;
    }
    console.error(`[${index + 1}/${wanted.length}] ${name}`);
    const begin = performance.now();
    const measured = await run(name, name === "beam" && values["beam-million"] ? ["10000", "100000", "1000000"] : []);
    console.error(`[${index + 1}/${wanted.length}] ${name}: ${((performance.now() - begin) / 1000).toFixed(0)} s\n`);
    if (measured) results.push(...measured);
    else {
      failed = true;
      notes.push(`${name} FAILED; what it says is above.`);
    }
  }

  const table: Table = { date: new Date().toISOString().slice(0, 10), machine: thisMachine(), results };
  const compared = compare(table, earlier);
  const text = [writeTable(table, compared), ...notes.map((note) => `${note}\n`)].join("\n");
  console.log(text);
  if (values.save && !failed) {
    mkdirSync(RESULTS, { recursive: true });
    writeFileSync(join(RESULTS, `${table.date}.md`), text);
  }
  return failed || compared.some(isWorse) ? 1 : 0;
}

/** @returns undefined where it failed */
async function run(name: string, args: readonly string[]): Promise<Result[] | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "bench-results-"));
  const file = join(folder, "results");
  const child = spawn(process.execPath, ["scripts/ts.mjs", join("bench", `${name}.ts`), ...args], {
    env: { ...process.env, [RESULTS_FILE]: file },
    // Only the table goes to stdout.
    stdio: ["ignore", process.stderr, process.stderr],
  });
  const end = () => {
    child.kill("SIGTERM");
    process.exit(1);
  };
  process.once("SIGTERM", end);
  try {
    const [status] = await once(child, "close");
    if (status !== 0) return undefined;
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, "utf8").trim().split("\n");
    return lines.map((line) => JSON.parse(line) as Result);
  } finally {
    process.off("SIGTERM", end);
    rmSync(folder, { recursive: true });
  }
}

/** The newest first. */
function earlierTables(): Table[] {
  if (!existsSync(RESULTS)) return [];
  const files = readdirSync(RESULTS).filter((name) => /^\d{4}-\d\d-\d\d\.md$/.test(name));
  return files
    .sort()
    .reverse()
    .map((name) => readTable(readFileSync(join(RESULTS, name), "utf8")));
}

endWithOthers();
main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    if (!(error instanceof FlagError)) throw error;
    console.error(`${error.message}. For help: npm run bench -- --help`);
    process.exitCode = 2;
  },
);
