import * as v from "valibot";
import { shortHash } from "./hash";
import { objectGeneration, objectPath } from "./object-path";

/** Largest single record, and largest shard, in bytes. A worker holds one shard in memory. */
export const MAX_RECORD_BYTES = 1024 ** 2;
export const MAX_SHARD_BYTES = 8 * 1024 ** 2;

/** Most records in a shard, and so the largest `batchSize`. */
export const MAX_SHARD_RECORDS = 10_000;

/**
 * Record delimiters of CSV. Set explicitly, so that submitter and worker do not detect different
 * ones.
 */
export const CSV_RECORD_DELIMITERS = ["\r\n", "\n"];

/** Object of the results of a job's shard. */
export const shardObject = (output: string, job: string, index: number) =>
  `${output}/${job}/shard-${String(index).padStart(5, "0")}.jsonl`;

/** Bytes that `shardObject` appends to the output's name. */
export const SHARD_OBJECT_BYTES = shardObject("", shortHash(), 0).length;

/**
 * The payload of one shard's task: a byte range of one generation of the input, which contains
 * whole records only, and the object for the results.
 *
 * @param buckets `input` and `output` must lie in these.
 */
export function shardSchema(buckets: { input: string; output: string }) {
  const byte = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
  return v.pipe(
    v.object({
      input: objectPath(buckets.input, { extensions: [".jsonl", ".csv"] }),
      generation: objectGeneration,
      /** First byte, and the byte after the last. */
      start: byte,
      end: byte,
      /** The CSV's header. Absent for JSON lines. */
      columns: v.optional(v.pipe(v.array(v.string()), v.minLength(1))),
      output: objectPath(buckets.output, { extensions: [".jsonl"] }),
      /** The bytes themselves, where they are few: whoever takes them need not read the input. */
      records: v.optional(v.string()),
    }),
    v.check(
      ({ start, end }) => start < end && end - start <= MAX_SHARD_BYTES,
      `start before end, at most ${MAX_SHARD_BYTES} bytes apart`,
    ),
    v.check(
      ({ input, columns }) => input.name.endsWith(".csv") === Boolean(columns),
      "columns for CSV, and only for CSV",
    ),
    v.check(
      ({ start, end, records }) => records === undefined || Buffer.byteLength(records) === end - start,
      "records of as many bytes as there are from start to end",
    ),
  );
}

export type ShardPayload = v.InferInput<ReturnType<typeof shardSchema>>;
export type Shard = v.InferOutput<ReturnType<typeof shardSchema>>;
