import type * as v from "valibot";
import { ownCredentials } from "./credentials";
import type { commonVariables } from "./environment";
import { type GoogleApi, googleApi } from "./google-api";
import { createLog, type Log } from "./log";

/** External services of every handler. */
export interface Services {
  /** The function's name in logs and dead letters. */
  name: string;
  /**
   * Name of the Cloud Run service that runs the function, for dead letters: `K_SERVICE`.
   *
   * @default - dead letters do not name it
   */
  service?: string;
  /** Calls Google's APIs as the function's service account. */
  google: GoogleApi;
  /** The log of the function, outside of requests. */
  log: Log;
  /**
   * Project id for traces.
   *
   * @default - log entries without trace
   */
  project?: string;
  /**
   * The function's own timeout in seconds.
   *
   * @default 60
   */
  timeoutSeconds?: number;
}

/** The part of a function's environment that the services use. */
export type CommonEnvironment = Partial<v.InferOutput<v.ObjectSchema<typeof commonVariables, undefined>>>;

/** The real services of a function without Cloud Storage. */
export function connect(name: string, environment: CommonEnvironment): Services {
  return {
    name,
    service: process.env.K_SERVICE,
    google: googleApi(ownCredentials()),
    log: createLog({ component: name }),
    project: environment.GOOGLE_CLOUD_PROJECT,
    timeoutSeconds: environment.FUNCTION_TIMEOUT_SECONDS,
  };
}
