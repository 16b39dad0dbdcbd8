import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { printTable, type Result, report } from "./measure";

/*
 * npm run bench -- beam: pipelines/flowers.yaml on Apache Beam of this machine, with local
 * files, one process. LOCAL_PYTHON names a Python with apache-beam[yaml,gcp].
 */

const ROOT = join(__dirname, "..");
const PYTHON = process.env.LOCAL_PYTHON ?? "python3";
const DRIVER = join(ROOT, "packages/emulator/src/dataflow/run_beam.py");
const FEATURES = ["sepal_length", "sepal_width", "petal_length", "petal_width"];

interface Outcome {
  readonly error?: string;
  readonly seconds: { readonly start: number; readonly build: number; readonly run: number };
  readonly peak_bytes: number;
}

/** Rows about those of the Iris data. Each hundredth is bad. @returns bytes */
async function writeRows(file: string, rows: number): Promise<number> {
  const stream = createWriteStream(file);
  stream.write(`${FEATURES.join()},species\n`);
  for (let row = 0; row < rows; row++) {
    // Without a generator of random numbers, so that each run has the same rows.
    const values = FEATURES.map((_, index) => (((row * 7919 + index * 104_729) % 1000) / 100).toFixed(3));
    const line = row % 100 === 99 ? `${values.join()},\n` : `${values.join()},species-${row % 3}\n`;
    if (!stream.write(line)) await once(stream, "drain");
  }
  stream.end();
  await finished(stream);
  return stream.bytesWritten;
}

function run(folder: string): Outcome {
  const variables = {
    input: join(folder, "in.csv"),
    output: join(folder, "out"),
    features: FEATURES,
    label: "species",
    test_fraction: 0.3,
  };
  const result = join(folder, "result.json");
  const options = ["--yaml_pipeline_file=pipelines/flowers.yaml", `--jinja_variables=${JSON.stringify(variables)}`];
  const { stderr } = spawnSync(PYTHON, [DRIVER, result, ...options], { cwd: ROOT, encoding: "utf8" });
  let outcome: Outcome;
  try {
    outcome = JSON.parse(readFileSync(result, "utf8"));
  } catch {
    throw new Error(`${PYTHON} could not run Beam:\n${stderr}`);
  }
  if (outcome.error) throw new Error(outcome.error);
  return outcome;
}

async function main(): Promise<void> {
  const given = process.argv.slice(2).map(Number);
  const table: string[][] = [];
  const results: Result[] = [];
  let base: Outcome | undefined;
  for (const rows of given.length > 0 ? given : [10_000, 100_000]) {
    const folder = mkdtempSync(join(tmpdir(), "bench-beam-"));
    try {
      const bytes = await writeRows(join(folder, "in.csv"), rows);
      const outcome = run(folder);
      base ??= outcome;
      const { start, build, run: running } = outcome.seconds;
      table.push([
        rows.toLocaleString("en"),
        `${(bytes / 1e6).toFixed(1)} MB`,
        `${(start + build).toFixed(1)} s`,
        `${running.toFixed(1)} s`,
        `${((running / rows) * 1e6).toFixed(0)} us`,
        `${(outcome.peak_bytes / 2 ** 20).toFixed(0)} MiB`,
        `${((outcome.peak_bytes - base.peak_bytes) / rows).toFixed(0)} B`,
      ]);
      results.push({ name: `flowers on Beam, ${rows} rows: each`, unit: "us", value: (running / rows) * 1e6 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  printTable(["rows", "input", "start", "run", "a row", "memory", "more a row"], table);
  report(results);
}

void main();
