import * as v from "valibot";
import { apiHandler } from "../shared/api-handler";
import { forEachConcurrently } from "../shared/concurrency";
import { PermanentError } from "../shared/errors";
import { shortHash } from "../shared/hash";
import type { HttpHandler } from "../shared/http";
import { objectPath } from "../shared/object-path";
import { MAX_SHARD_RECORDS, SHARD_OBJECT_BYTES, type ShardPayload, shardObject } from "../shared/shard";
import { gsUri, type ObjectName } from "../shared/storage";
import type { StorageServices } from "../shared/storage-services";
import { createTask, PLACEHOLDER_URL } from "../shared/tasks";
import { utf8Chunks } from "../shared/utf8";
import type { environmentSchema } from "./environment";
import { KeptBytes } from "./kept-bytes";
import { csvRecords, jsonlRecords, type RecordRange } from "./records";
import { cut } from "./shards";

/** Cloud Tasks accepts about this many concurrent creations from one caller without an error. */
const ENQUEUE_CONCURRENCY = 16;
/**
 * Most bytes of a payload that has the records. A task over 32 KB costs as much as two, and its body is
 * base64: https://cloud.google.com/tasks/pricing
 */
const MAX_PAYLOAD_BYTES = 20 * 1024;
/** Every task contains the header, and a task holds 1 MiB. */
const MAX_HEADER_BYTES = 64 * 1024;

/**
 * Cuts a file of records into shards and enqueues one task per shard.
 *
 * The handler checks the whole file before it enqueues the first task. It streams the file and
 * holds no more than 32 MiB of it in memory. A repeated submission enqueues no task twice: the
 * names of job and tasks derive from input, generation, output and batch size.
 */
export function createHandler(
  environment: v.InferOutput<typeof environmentSchema>,
  { storage, google, ...services }: StorageServices,
): HttpHandler {
  const schema = v.object({
    /** JSON lines, or CSV with a header. */
    input: objectPath(environment.INPUT_BUCKET, { extensions: [".jsonl", ".csv"] }),
    /** Results go to `<output>/<job>/shard-<number>.jsonl`. */
    output: objectPath(environment.OUTPUT_BUCKET, { room: SHARD_OBJECT_BYTES }),
    /** Records per task, 1 to 10000. */
    batchSize: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_SHARD_RECORDS)), 100),
  });

  const isKept = environment.RECORDS_IN_TASKS === "true";

  return apiHandler({
    services,
    schema,
    handle: async ({ input, output, batchSize }, { log, signal }) => {
      // All tasks of the job read this generation, even if a later upload replaces the object.
      const open = await storage.open(input);
      const { generation } = open;
      const kept = new KeptBytes();
      const chunks = isKept ? kept.through(open.chunks) : open.chunks;
      const { shards, columns } = await plan(input, chunks, batchSize);
      const job = shortHash(gsUri(input), generation, gsUri(output), batchSize);
      let enqueued = 0;
      await forEachConcurrently(shards.entries(), ENQUEUE_CONCURRENCY, async ([index, { start, end }]) => {
        signal.throwIfAborted();
        const range: ShardPayload = {
          input: gsUri(input),
          generation,
          start,
          end,
          columns,
          output: shardObject(gsUri(output), job, index),
        };
        const task = {
          id: `${job}-${index}`,
          url: PLACEHOLDER_URL,
          payload: isKept ? withRecords(range, kept) : range,
          deadlineSeconds: environment.DISPATCH_DEADLINE_SECONDS,
        };
        if (await createTask(google, environment.QUEUE, task)) enqueued++;
      });
      log.info("Submitted", { job, shards: shards.length, enqueued });
      return {
        job,
        shards: shards.length,
        enqueued,
        alreadyEnqueued: shards.length - enqueued,
        output: `${gsUri(output)}/${job}/`,
      };
    },
  });
}

function withRecords(range: ShardPayload, kept: KeptBytes): ShardPayload {
  const records = kept.text(range.start, range.end);
  const payload = { ...range, records };
  return records !== undefined && Buffer.byteLength(JSON.stringify(payload)) <= MAX_PAYLOAD_BYTES ? payload : range;
}

async function plan(
  input: ObjectName,
  bytes: AsyncIterable<Buffer>,
  batchSize: number,
): Promise<{ shards: RecordRange[]; columns?: string[] }> {
  const chunks = utf8Chunks(bytes, "The input");
  if (input.name.endsWith(".jsonl")) return { shards: await cut(jsonlRecords(chunks), batchSize) };
  let columns: string[] | undefined;
  const records = csvRecords(chunks, (header) => {
    columns = header;
    if (Buffer.byteLength(JSON.stringify(header)) <= MAX_HEADER_BYTES) return;
    throw new PermanentError(
      "header_too_large",
      `The header is larger than the ${MAX_HEADER_BYTES} bytes that are allowed`,
    );
  });
  return { shards: await cut(records, batchSize), columns };
}
