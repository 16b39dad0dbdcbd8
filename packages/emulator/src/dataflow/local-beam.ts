import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Log, type LogEntry } from "../core/log";
import type { StartedProcess } from "../core/process";
import { type ProcessNetwork, startLocally } from "../run/local-process";

/** The version with which our pipelines are tried. Google's template has a recent one. */
const BEAM_VERSION = "2.77.0";

/** The one command that gives a Python what Beam YAML needs. */
const INSTALL = `pip install "apache-beam[yaml,gcp]==${BEAM_VERSION}"`;

/** How a pipeline ended. `run_beam.py` writes it. */
export interface BeamResult {
  /** Why it failed: the last line of Beam's message. */
  readonly error?: string;
  readonly metrics: readonly BeamMetric[];
}

/** A counter of the pipeline. */
export interface BeamMetric {
  readonly namespace: string;
  readonly name: string;
  readonly step: string;
  readonly value: number;
}

/** A pipeline that runs. */
export interface RunningBeam {
  readonly result: Promise<BeamResult>;
  kill(): void;
}

export interface BeamRun {
  /** Of `python -m apache_beam.yaml.main`. */
  readonly options: readonly string[];
  /** E-mail of the service account of the workers. */
  readonly account: string;
  readonly onLog?: (entry: LogEntry) => void;
}

/** Prints where the interpreter has Beam. Importing it would take seconds. */
const ASK = "import importlib.util as u; print(u.find_spec('apache_beam') and 'beam')";

/** Runs Beam YAML pipelines on this machine, with the Python that the user named. */
export class LocalBeam {
  private readonly python: string;
  private asked?: Promise<string | undefined>;

  /** @param python default: LOCAL_PYTHON, or python3 */
  constructor(
    private readonly network: ProcessNetwork,
    python?: string,
  ) {
    const usual = process.platform === "win32" ? "python" : "python3";
    this.python = python ?? (process.env.LOCAL_PYTHON || usual);
  }

  /** Why no pipeline can run here, and what to do about it; undefined if one can. */
  missing(): Promise<string | undefined> {
    this.asked ??= this.ask();
    return this.asked;
  }

  async start({ options, account, onLog }: BeamRun): Promise<RunningBeam> {
    const folder = mkdtempSync(join(tmpdir(), "beam-"));
    const file = join(folder, "result.json");
    const log = new Log(onLog);
    const environment = { TMPDIR: folder };
    const args = [join(__dirname, "run_beam.py"), file, ...options];
    const started = await startLocally(this.network, { account, environment, log }, (env) => ({
      command: this.python,
      args,
      env,
    }));
    return {
      result: resultOf(started, file, log).finally(() => rmSync(folder, { recursive: true })),
      kill: started.kill,
    };
  }

  private async ask(): Promise<string | undefined> {
    try {
      const { stdout } = await promisify(execFile)(this.python, ["-c", ASK], { timeout: 30_000 });
      if (stdout.trim() === "beam") return undefined;
      return `${this.python} has no Apache Beam. Install it: ${INSTALL}`;
    } catch {
      return `there is no ${this.python}. Name a Python with --python <interpreter>, and install Apache Beam: ${INSTALL}`;
    }
  }
}

async function resultOf({ closed }: StartedProcess, file: string, log: Log): Promise<BeamResult> {
  const { code, signal, error } = await closed;
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    const ending = error ?? (signal ? `signal ${signal}` : `exit code ${code}`);
    const [last] = log.last(1);
    return { error: `Beam ended with ${ending}${last ? `: ${last.message}` : ""}`, metrics: [] };
  }
}
