import { vertexPredictor } from "../shared/predictor";
import { start } from "../shared/start";
import { connectWithStorage } from "../shared/storage-services";
import { environmentSchema } from "./environment";
import { createHandler } from "./handler";

export const handler = start(environmentSchema, (environment) => {
  const services = connectWithStorage("message-predictor", environment);
  const { VERTEX_ENDPOINT, PREDICT_BATCH_SIZE, VERTEX_HOST } = environment;
  const predictor = vertexPredictor(services.google, VERTEX_ENDPOINT, PREDICT_BATCH_SIZE, VERTEX_HOST);
  return createHandler(environment, { ...services, predictor });
});
