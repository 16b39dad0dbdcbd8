import * as v from "valibot";
import type { HttpHandler } from "../shared/http";
import { messageHandler } from "../shared/message-handler";
import type { Predictor } from "../shared/predictor";
import { createJsonOnce } from "../shared/storage";
import type { StorageServices } from "../shared/storage-services";
import type { environmentSchema } from "./environment";

const schema = v.object({
  /** 1 to 1000, in the model's input format. */
  instances: v.pipe(
    v.array(v.unknown()),
    v.minLength(1, "1 to 1000 instances"),
    v.maxLength(1000, "1 to 1000 instances"),
  ),
  /** The function passes them to the model unchanged. */
  parameters: v.optional(v.unknown()),
});

/**
 * Predicts a message's instances and writes `<subscriber>/<messageId>.json` once. Does not predict
 * a message again whose result exists.
 */
export function createHandler(
  environment: v.InferOutput<typeof environmentSchema>,
  services: StorageServices & { predictor: Predictor },
): HttpHandler {
  const { storage, predictor } = services;
  return messageHandler({
    environment,
    services,
    schema,
    handle: async ({ instances, parameters }, { id, attributes, publishTime, log, signal }) => {
      const object = { bucket: environment.RESULTS_BUCKET, name: `${environment.SUBSCRIBER}/${id}.json` };
      if (await storage.stat(object)) {
        log.info("Done already");
        return;
      }
      const predictions = await predictor.predict(instances, { parameters, signal });
      const written = await createJsonOnce(storage, object, { messageId: id, publishTime, attributes, predictions });
      log.info("Predicted", { instances: instances.length, written });
    },
  });
}
