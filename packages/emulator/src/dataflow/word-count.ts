import type { Caller } from "../core/emulator";
import { objectsAt, parseGsUri } from "../storage/gs-uri";
import type { StorageEmulator } from "../storage/storage-emulator";

/** Google's template, in its global bucket and in those of the regions, at any version. */
export const WORD_COUNT = /^gs:\/\/dataflow-templates(-[a-z]+-[a-z]+\d+)?\/[^/]+\/Word_Count$/;

/** Source: cloud.google.com/dataflow/docs/guides/templates/provided/word-count */
export const PARAMETERS = ["inputFile", "output"] as const;

export interface WordCountParameters {
  /** `gs://…` of the objects that are read; `*` matches any characters but slashes. */
  readonly inputFile: string;
  /** `gs://…` with which the names of the written objects begin. */
  readonly output: string;
}

export interface WordCountJob {
  readonly id: string;
  readonly parameters: WordCountParameters;
  /** `gs://…` */
  readonly tempLocation: string;
}

/** The least number of characters in a bundle of work. */
const BUNDLE = 16_384;

/**
 * What Beam's WordCount does, for real: it reads lines, splits them at everything other than
 * letters, counts, and writes `word: count`. As on Dataflow, workers keep intermediate results at
 * the temporary location, and an output appears under its name once it is complete.
 *
 * Source: apache/beam, examples/java/.../WordCount.java (ExtractWordsFn, FormatAsTextFn) and
 * FileBasedSink.java.
 *
 * @param worker needs to get (and for `*` list) inputs, and to create, get and delete at the
 *   temporary location and the output
 * @returns `gs://…` of the objects that it wrote
 * @throws ApiError
 */
export function runWordCount(storage: StorageEmulator, worker: Caller, job: WordCountJob): string[] {
  const temporary = new Folder(storage, worker, `${job.tempLocation.replace(/\/$/, "")}/${job.id}`);
  const lines = objectsAt(storage, worker, job.parameters.inputFile).flatMap(({ content }) =>
    content.toString().split(/\r?\n/),
  );
  for (const [at, bundle] of [...bundles(lines)].entries())
    temporary.write(`counts-${at}.json`, JSON.stringify([...count(bundle)]));

  const total = new Map<string, number>();
  for (const text of temporary.takeAll()) {
    for (const [word, times] of JSON.parse(text) as [string, number][]) total.set(word, (total.get(word) ?? 0) + times);
  }
  const formatted = [...total].map(([word, times]) => `${word}: ${times}\n`).join("");
  return [writeShard(storage, worker, job, formatted)];
}

function count(lines: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of lines.flatMap((line) => line.split(/[^\p{L}]+/u))) {
    if (word !== "") counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

function* bundles(lines: readonly string[]): Generator<string[]> {
  let bundle: string[] = [];
  let size = 0;
  for (const line of lines) {
    bundle.push(line);
    size += line.length;
    if (size < BUNDLE) continue;
    yield bundle;
    bundle = [];
    size = 0;
  }
  if (bundle.length > 0) yield bundle;
}

/** Writes one shard to a temporary name, copies it to its name, and deletes the temporary one. */
function writeShard(storage: StorageEmulator, worker: Caller, job: WordCountJob, content: string): string {
  const { bucket, name } = parseGsUri(job.parameters.output);
  const final = `${name}-00000-of-00001`;
  const slash = name.lastIndexOf("/") + 1;
  const aside = `${name.slice(0, slash)}.temp-beam-${job.id}/0`;
  const metadata = { contentType: "text/plain" };
  storage.put(worker, bucket, aside, content, { metadata });
  storage.put(worker, bucket, final, storage.get(worker, bucket, aside).content, { metadata });
  storage.delete(worker, bucket, aside);
  return `gs://${bucket}/${final}`;
}

/** Objects that a job keeps for itself. */
class Folder {
  private readonly bucket: string;
  private readonly prefix: string;
  private readonly names: string[] = [];

  constructor(
    private readonly storage: StorageEmulator,
    private readonly worker: Caller,
    location: string,
  ) {
    const { bucket, name } = parseGsUri(location);
    this.bucket = bucket;
    this.prefix = name;
  }

  write(name: string, content: string): void {
    const path = `${this.prefix}/${name}`;
    this.storage.put(this.worker, this.bucket, path, content, { metadata: { contentType: "application/json" } });
    this.names.push(path);
  }

  /** Reads and deletes what was written. */
  takeAll(): string[] {
    return this.names.splice(0).map((name) => {
      const text = this.storage.get(this.worker, this.bucket, name).content.toString();
      this.storage.delete(this.worker, this.bucket, name);
      return text;
    });
  }
}
