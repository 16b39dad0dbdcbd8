import type { LogEntry } from "../core/log";
import { parseGsUri } from "../storage/gs-uri";
import type { StorageEmulator } from "../storage/storage-emulator";
import { beamOptions, placesIn } from "./beam-yaml";
import type { Launch } from "./launch";
import type { BeamMetric, LocalBeam, RunningBeam } from "./local-beam";
import { runWordCount } from "./word-count";

export type Metric = BeamMetric;

/** What a job works on. */
export interface WorkItem {
  readonly id: string;
  readonly launch: Launch;
  /** E-mail of the account that the workers run as. */
  readonly worker: string;
}

/** What became of the work. */
export interface WorkResult {
  /** `gs://…` of what it wrote. */
  readonly outputs: readonly string[];
  /** @default - none */
  readonly metrics?: readonly Metric[];
  /** Why it failed. @default - it did not */
  readonly failure?: string;
  /** What is not on this machine and would have to be. @default - nothing */
  readonly missing?: string;
}

/** The work of a job. */
export interface Work {
  /** @throws ApiError for a failure */
  run(item: WorkItem): WorkResult | Promise<WorkResult>;
  /** Ends it at once. */
  stop(): void;
}

/** Counts words without Beam. */
export class WordCountWork implements Work {
  constructor(private readonly storage: StorageEmulator) {}

  run({ id, launch, worker }: WorkItem): WorkResult {
    const { inputFile = "", output = "" } = launch.parameters;
    const job = { id, tempLocation: launch.tempLocation, parameters: { inputFile, output } };
    return { outputs: runWordCount(this.storage, { email: worker }, job) };
  }

  stop(): void {}
}

export interface BeamWorkOptions {
  readonly storage: StorageEmulator;
  readonly beam?: LocalBeam;
  readonly onLog?: (name: string, entry: LogEntry) => void;
}

/** Runs a Beam YAML pipeline on Apache Beam, as the workers' account. */
export class BeamWork implements Work {
  private running?: RunningBeam;
  private stopped = false;

  constructor(private readonly options: BeamWorkOptions) {}

  async run({ launch, worker }: WorkItem): Promise<WorkResult> {
    const { storage, beam, onLog } = this.options;
    const options = beamOptions(launch.parameters, launch.tempLocation);
    this.requireRights({ launch, worker });
    const missing = beam === undefined ? "this run goes without it" : await beam.missing();
    if (beam === undefined || missing !== undefined) {
      const why = `A Beam pipeline runs on Apache Beam, and ${missing}`;
      return { outputs: [], failure: why, missing: why };
    }
    const before = storage.written.length;
    this.running = await beam.start({ options, account: worker, onLog: (entry) => onLog?.(launch.name, entry) });
    if (this.stopped) this.running.kill();
    const { error: failure, metrics } = await this.running.result;
    const places = placesIn(launch.parameters);
    const live = new Set(storage.objects());
    const outputs = storage.written
      .slice(before)
      .filter((object) => live.has(object))
      .map(({ bucket, name }) => `gs://${bucket}/${name}`)
      .filter((uri) => places.some((place) => uri.startsWith(place.endsWith("/") ? place : `${place}/`)));
    return { outputs, metrics, failure };
  }

  stop(): void {
    this.stopped = true;
    this.running?.kill();
  }

  /**
   * What any run of the pipeline does for certain: the template's launcher reads its file, and
   * patterns are listed. So a binding that is missing shows without Beam, too.
   */
  private requireRights({ launch, worker }: Pick<WorkItem, "launch" | "worker">): void {
    const { storage } = this.options;
    const caller = { email: worker };
    const file = launch.parameters.yaml_pipeline_file;
    if (file) {
      const { bucket, name } = parseGsUri(file);
      storage.get(caller, bucket, name);
    }
    for (const pattern of placesIn(launch.parameters).filter((place) => place.includes("*"))) {
      const { bucket, name } = parseGsUri(pattern);
      storage.list(caller, bucket, { prefix: name.slice(0, name.indexOf("*")), maxResults: 1 });
    }
  }
}
