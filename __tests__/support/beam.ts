import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { onlyIf } from "./only-if";

/** A Python that has Apache Beam; set TEST_BEAM_PYTHON to that of an environment of yours. */
export const PYTHON = process.env.TEST_BEAM_PYTHON ?? process.env.LOCAL_PYTHON ?? "python3";

const ROOT = join(__dirname, "../..");
const DRIVER = join(ROOT, "packages/emulator/src/dataflow/run_beam.py");

/** How a run of `run_beam.py` ended. */
export interface BeamResult {
  readonly error?: string;
  readonly metrics: readonly { readonly name: string; readonly value: number }[];
}

/** Tests that need Apache Beam. */
export function withBeam(tests: () => void): void {
  onlyIf(hasBeam(), `${PYTHON} has no apache-beam; TEST_BEAM_PYTHON may name one that has`, tests);
}

/** Runs a Beam YAML pipeline in a process of its own. */
export function runBeam(folder: string, pipeline: string, variables: object): BeamResult {
  const result = join(folder, "result.json");
  const options = [`--yaml_pipeline_file=${pipeline}`, `--jinja_variables=${JSON.stringify(variables)}`];
  const { stderr } = spawnSync(PYTHON, [DRIVER, result, ...options], { cwd: ROOT, encoding: "utf8" });
  try {
    return JSON.parse(readFileSync(result, "utf8"));
  } catch {
    throw new Error(stderr);
  }
}

function hasBeam(): boolean {
  const found = "import importlib.util as u, sys; sys.exit(u.find_spec('apache_beam') is None)";
  try {
    execFileSync(PYTHON, ["-c", found], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
