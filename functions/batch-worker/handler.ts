import type * as v from "valibot";
import { PermanentError } from "../shared/errors";
import type { HttpHandler } from "../shared/http";
import type { Predictor } from "../shared/predictor";
import { type Shard, shardSchema } from "../shared/shard";
import { gsUri, type ObjectStore } from "../shared/storage";
import type { StorageServices } from "../shared/storage-services";
import { taskHandler } from "../shared/task-handler";
import type { environmentSchema } from "./environment";
import { parseCsv, parseJsonl } from "./records";

/**
 * Predicts one shard: reads its byte range, unless the task has the records, calls the predictor,
 * and writes one object with a line `{ "instance": …, "prediction": … }` per record. The handler
 * writes the object once. It does not predict a shard again whose object exists.
 */
export function createHandler(
  environment: v.InferOutput<typeof environmentSchema>,
  services: StorageServices & { predictor: Predictor },
): HttpHandler {
  const { storage, predictor } = services;
  return taskHandler({
    environment,
    services,
    schema: shardSchema({ input: environment.INPUT_BUCKET, output: environment.OUTPUT_BUCKET }),
    findEffect: async ({ output }) =>
      (await storage.stat(output)) ? { output: gsUri(output), written: false } : undefined,
    handle: async (shard, { log, signal }) => {
      const instances = await readRecords(storage, shard);
      const predictions = await predictor.predict(instances, { signal });
      const lines = instances.map((instance, i) => `${JSON.stringify({ instance, prediction: predictions[i] })}\n`);
      const written = await storage.createOnce(shard.output, lines.join(""), "application/x-ndjson");
      log.info("Predicted", { records: instances.length, written });
      return { output: gsUri(shard.output), records: instances.length, written };
    },
  });
}

async function readRecords(
  storage: ObjectStore,
  { input, generation, start, end, columns, records }: Shard,
): Promise<unknown[]> {
  const bytes = records === undefined ? await storage.readRange(input, generation, start, end) : Buffer.from(records);
  if (bytes.length !== end - start) {
    const message = `${gsUri(input)} has ${bytes.length} bytes from ${start} on; the shard says ${end - start}`;
    throw new PermanentError("bad_range", message);
  }
  return columns ? parseCsv(bytes, columns) : parseJsonl(bytes);
}
