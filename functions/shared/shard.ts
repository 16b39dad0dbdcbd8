import * as v from "valibot";
import { objectPath } from "./object-path";

/** Largest single record, and where a shard is cut at the latest; bytes. A worker holds one shard in memory. */
export const MAX_RECORD_BYTES = 1024 ** 2;
export const MAX_SHARD_BYTES = 8 * 1024 ** 2;

/** How CSV records end. Named, so that submitter and worker cannot guess differently. */
export const CSV_RECORD_DELIMITERS = ["\r\n", "\n"];

/**
 * The payload of one shard's task: a byte range of one generation of the input, whole records only, and where the results go.
 *
 * @param buckets `input` and `output` must lie in these.
 */
export function shardSchema(buckets: { input: string; output: string }) {
  const byte = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
  return v.pipe(
    v.object({
      input: objectPath(buckets.input, { extensions: [".jsonl", ".csv"] }),
      generation: v.pipe(v.string(), v.regex(/^\d{1,20}$/, "an object generation")),
      /** First byte, and the one after the last. */
      start: byte,
      end: byte,
      /** The CSV's header. Absent for JSON lines. */
      columns: v.optional(v.pipe(v.array(v.string()), v.minLength(1))),
      output: objectPath(buckets.output, { extensions: [".jsonl"] }),
    }),
    v.check(
      ({ start, end }) => start < end && end - start <= MAX_SHARD_BYTES,
      `start before end, at most ${MAX_SHARD_BYTES} bytes apart`,
    ),
    v.check(
      ({ input, columns }) => input.name.endsWith(".csv") === Boolean(columns),
      "columns for CSV, and only for CSV",
    ),
  );
}

export type ShardPayload = v.InferInput<ReturnType<typeof shardSchema>>;
export type Shard = v.InferOutput<ReturnType<typeof shardSchema>>;
