import { start } from "../shared/start";
import { connectWithStorage } from "../shared/storage-services";
import { environmentSchema } from "./environment";
import { createHandler } from "./handler";

export const handler = start(environmentSchema, (environment) =>
  createHandler(environment, connectWithStorage("pipeline-job", environment)),
);
