import { createHash } from "node:crypto";
import type * as v from "valibot";
import type { HttpHandler } from "../shared/http";
import { messageHandler } from "../shared/message-handler";
import { createJsonOnce } from "../shared/storage";
import type { StorageServices } from "../shared/storage-services";
import type { environmentSchema } from "./environment";

const MAX_MESSAGE_BYTES = 10_000_000;

/**
 * Writes one record per message, under the day of its publication: its attributes, and the size and
 * SHA-256 of its data. A repeated delivery writes no second record.
 */
export function createHandler(
  environment: v.InferOutput<typeof environmentSchema>,
  services: StorageServices,
): HttpHandler {
  return messageHandler({
    environment,
    services,
    maxBytes: MAX_MESSAGE_BYTES,
    handle: async (data: Buffer, { id, publishTime, attributes, orderingKey, log }) => {
      const day = publishTime.slice(0, 10).replaceAll("-", "/");
      const object = { bucket: environment.RESULTS_BUCKET, name: `${environment.SUBSCRIBER}/${day}/${id}.json` };
      const written = await createJsonOnce(services.storage, object, {
        messageId: id,
        publishTime,
        orderingKey,
        attributes,
        bytes: data.length,
        sha256: createHash("sha256").update(data).digest("hex"),
      });
      log.info("Recorded", { bytes: data.length, written });
    },
  });
}
