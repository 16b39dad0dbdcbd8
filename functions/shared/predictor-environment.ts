import * as v from "valibot";
import { integer, matching } from "./environment";

const endpointName = matching(
  /^projects\/[^/\s]+\/locations\/[a-z0-9-]+\/endpoints\/[^/\s]+$/,
  "a Vertex AI endpoint name like projects/P/locations/L/endpoints/E",
);
/** Source: `Endpoint.dedicatedEndpointDns` in the discovery document of aiplatform v1. */
const endpointHost = matching(
  /^[a-z0-9-]{1,63}\.[a-z0-9-]+\.prediction\.vertexai\.goog$/,
  "the host of a dedicated endpoint like E.L-U.prediction.vertexai.goog, without https://",
);

/** Variables of a function that calls a Vertex AI endpoint. */
export const predictorVariables = {
  /** Endpoint of the model, `projects/P/locations/L/endpoints/E`. */
  VERTEX_ENDPOINT: endpointName,
  /**
   * Host of a dedicated endpoint, its `dedicatedEndpointDns` without `https://`. Default: the
   * shared host of the location.
   */
  VERTEX_HOST: v.optional(endpointHost),
  /** Instances in one predict call, 1 to 1000. Default 32. */
  PREDICT_BATCH_SIZE: v.optional(integer(1, 1000), "32"),
};
