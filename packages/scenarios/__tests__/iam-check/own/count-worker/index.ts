import * as v from "valibot";
import { bucketName, messageVariables, subscriberName } from "../../../../../../functions/shared/environment";
import { messageHandler } from "../../../../../../functions/shared/message-handler";
import { start } from "../../../../../../functions/shared/start";
import { createJsonOnce } from "../../../../../../functions/shared/storage";
import { connectWithStorage } from "../../../../../../functions/shared/storage-services";

const environmentSchema = v.object({ ...messageVariables, SUBSCRIBER: subscriberName, RESULTS_BUCKET: bucketName });

/** A subscriber that takes any JSON. */
export const handler = start(environmentSchema, (environment) => {
  const services = connectWithStorage("count-worker", environment);
  return messageHandler({
    environment,
    services,
    schema: v.unknown(),
    handle: async (payload, { id }) => {
      const object = { bucket: environment.RESULTS_BUCKET, name: `${environment.SUBSCRIBER}/${id}.json` };
      await createJsonOnce(services.storage, object, { characters: JSON.stringify(payload).length });
    },
  });
});
