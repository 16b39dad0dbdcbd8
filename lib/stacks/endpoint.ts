import type { Construct } from "constructs";
import { PredictionEndpoint } from "../parts/prediction-endpoint";
import type { Settings } from "../settings";

/** The Vertex AI endpoint of the settings, which somebody else made. */
export function endpointOf(scope: Construct, { vertexEndpointId, vertexEndpointHost }: Settings): PredictionEndpoint {
  return new PredictionEndpoint(scope, "endpoint", vertexEndpointId, { host: vertexEndpointHost });
}
