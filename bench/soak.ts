import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { endWithOthers, FlagError, readFlags } from "@cdktf-serverless-ml/cli";
import { faultRuns, NotAnArchitecture } from "./fault-runs";
import { load } from "./load";
import { printTable, verdict } from "./measure";

// `npm run soak`: the longest form of the tests. docs/reliability.md has the figures of the latest
// run.

const USAGE = `usage: npm run soak -- [faults] [fuzz] [load] [options]

Runs all three parts, or the named ones:
  faults  injects faults into runs of each stack; each item must end in one effect or one dead letter
  fuzz    sends hostile requests to each function
  load    measures sustained rates, delay, and how exactly a queue keeps its rate and burst

options:
  --stack <name>  faults: a stack in cdktf.out/stacks, which npm run synth writes (default: all)
  --inputs <n>    faults: items of a run, 1 to 100000 (default: 10000)
  --seeds <n>     faults: runs of each stack, each with another seed (default: 1)
  --seed <n>      faults: the first seed, 0 to 4294967295 (default: 1); fuzz: its seed (default: from the time)
  --at-once <n>   faults: runs at the same time, 1 to 64 (default: the number of cores)
  --requests <n>  fuzz: requests to each function (default: 10000)
  --help          prints this text`;
const STACKS = join("cdktf.out", "stacks");
const PARTS = ["faults", "fuzz", "load"] as const;
const MAX_SEED = 2 ** 32 - 1;

const FLAGS = {
  stack: { type: "string" },
  inputs: { type: "string" },
  seeds: { type: "string" },
  seed: { type: "string" },
  "at-once": { type: "string" },
  requests: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

class UsageError extends Error {}

type Part = (typeof PARTS)[number];

async function main(): Promise<boolean> {
  const { values, positionals } = readFlags(process.argv.slice(2), FLAGS);
  if (values.help) {
    console.log(USAGE);
    return true;
  }
  const unknown = positionals.find((part) => !PARTS.includes(part as Part));
  if (unknown) throw new UsageError(`Given ${unknown}; allowed: ${PARTS.join(", ")}`);
  const wanted = (part: Part) => positionals.length === 0 || positionals.includes(part);
  const inputs = whole("inputs", values.inputs, 10_000, 1, 100_000);
  const count = whole("seeds", values.seeds, 1, 1, 1_000);
  const first = whole("seed", values.seed, 1, 0, MAX_SEED);
  const atOnce = whole("at-once", values["at-once"], availableParallelism(), 1, 64);
  const requests = whole("requests", values.requests, 10_000, 1, 1_000_000);
  const seeds = Array.from({ length: count }, (_, index) => (first + index) % (MAX_SEED + 1));
  const stacks = wanted("faults") ? stacksOf(values.stack) : [];

  const results: boolean[] = [];
  if (stacks.length > 0) results.push(await faultRuns({ folder: STACKS, stacks, seeds, inputs, atOnce }));
  if (wanted("fuzz")) results.push(fuzz(requests, values.seed));
  if (wanted("load")) results.push(await load());
  return results.every(Boolean);
}

/** The property tests of `npm test`, with more requests. */
function fuzz(requests: number, seed: string | undefined): boolean {
  const begin = performance.now();
  const { status } = spawnSync(process.execPath, [join("node_modules", "jest", "bin", "jest.js"), "functions/fuzz"], {
    env: {
      ...process.env,
      DEEP_TESTS: "1",
      FUZZ_RUNS: String(requests),
      ...(seed !== undefined && { FUZZ_SEED: seed }),
    },
    stdio: ["ignore", "inherit", "inherit"],
  });
  printTable(
    [`${requests} hostile requests a function`, "time", "all withstood"],
    [["", `${((performance.now() - begin) / 1000).toFixed(0)} s`, verdict(status ?? 1, (code) => code === 0)]],
  );
  return status === 0;
}

function whole(flag: string, given: string | undefined, otherwise: number, min: number, max: number): number {
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (/^\d{1,15}$/.test(given) && value >= min && value <= max) return value;
  throw new UsageError(`Given --${flag} ${JSON.stringify(given)}; allowed: a whole number from ${min} to ${max}`);
}

function stacksOf(given: string | undefined): string[] {
  const all = existsSync(STACKS) ? readdirSync(STACKS).sort() : [];
  if (all.length === 0) throw new UsageError(`${STACKS} has no stacks yet. Run: npm run synth`);
  if (given === undefined) return all;
  if (all.includes(given)) return [given];
  throw new UsageError(`There is no stack ${given}. Stacks: ${all.join(", ")}`);
}

endWithOthers();
main().then(
  (good) => {
    process.exitCode = good ? 0 : 1;
  },
  (error: Error) => {
    process.exitCode = 2;
    if (error instanceof FlagError) console.error(`${error.message}. For help: npm run soak -- --help`);
    else console.error(error instanceof UsageError || error instanceof NotAnArchitecture ? error.message : error);
  },
);
