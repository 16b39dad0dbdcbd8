import * as v from "valibot";
import { environmentSchema } from "../../../../../../functions/batch-worker/environment";
import { createHandler } from "../../../../../../functions/batch-worker/handler";
import { start } from "../../../../../../functions/shared/start";
import { connectWithStorage } from "../../../../../../functions/shared/storage-services";

/** A worker with a model of its own, which takes anything. */
export const handler = start(v.omit(environmentSchema, ["VERTEX_ENDPOINT"]), (environment) =>
  createHandler(
    { ...environment, VERTEX_ENDPOINT: "" },
    {
      ...connectWithStorage("length-worker", environment),
      predictor: { predict: async (instances) => instances.map((instance) => JSON.stringify(instance).length) },
    },
  ),
);
