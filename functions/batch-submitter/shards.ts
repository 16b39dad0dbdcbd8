import { PermanentError } from "../shared/errors";
import { MAX_SHARD_BYTES } from "../shared/shard";
import type { RecordRange } from "./records";

/** Most tasks that one submission enqueues. */
const MAX_SHARDS = 100_000;

/**
 * Cuts a file into shards of whole records. A shard ends after `batchSize` records, or before it
 * exceeds 8 MiB.
 *
 * @param maxShards most shards. Default 100000.
 * @returns the shards' byte ranges, in order.
 * @throws PermanentError `empty_input` without records, `too_many_shards` beyond `maxShards`.
 */
export async function cut(
  records: AsyncIterable<RecordRange>,
  batchSize: number,
  maxShards = MAX_SHARDS,
): Promise<RecordRange[]> {
  const shards: RecordRange[] = [];
  let shard: RecordRange | undefined;
  let count = 0;
  for await (const { start, end } of records) {
    if (!shard || count === batchSize || end - shard.start > MAX_SHARD_BYTES) {
      shard = { start, end };
      shards.push(shard);
      count = 0;
    }
    shard.end = end;
    count++;
    if (shards.length > maxShards) {
      const message = `The input makes more than ${maxShards} shards of ${batchSize} records; raise batchSize`;
      throw new PermanentError("too_many_shards", message);
    }
  }
  if (shards.length === 0) throw new PermanentError("empty_input", "The input holds no records");
  return shards;
}
