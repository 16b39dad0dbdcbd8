import type * as v from "valibot";
import { type EnvironmentSchema, readEnvironment } from "./environment";
import { finishRequestsOnSigterm, leaveBodiesAlone } from "./host";
import type { HttpHandler } from "./http";

/**
 * Starts a function. Only the function's `index.ts` calls it.
 *
 * @param create builds the handler from the checked environment.
 * @throws Error when the environment is bad, naming each variable; the process then ends.
 */
export function start<S extends EnvironmentSchema>(
  schema: S,
  create: (environment: v.InferOutput<S>) => HttpHandler,
): HttpHandler {
  const handler = create(readEnvironment(schema, process.env));
  leaveBodiesAlone();
  finishRequestsOnSigterm();
  return handler;
}
