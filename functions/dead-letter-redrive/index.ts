import { connect } from "../shared/services";
import { start } from "../shared/start";
import { environmentSchema } from "./environment";
import { createHandler } from "./handler";

export const handler = start(environmentSchema, (environment) =>
  createHandler(environment, connect("dead-letter-redrive", environment)),
);
