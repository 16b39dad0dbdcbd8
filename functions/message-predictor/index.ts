import { vertexPredictor } from "../shared/predictor";
import { start } from "../shared/start";
import { connectWithStorage } from "../shared/storage-services";
import { environmentSchema } from "./environment";
import { createHandler } from "./handler";

export const handler = start(environmentSchema, (environment) => {
  const services = connectWithStorage("message-predictor", environment);
  const predictor = vertexPredictor(services.google, environment.VERTEX_ENDPOINT, environment.PREDICT_BATCH_SIZE);
  return createHandler(environment, { ...services, predictor });
});
