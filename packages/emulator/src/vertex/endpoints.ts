import type { EvaluatedResource } from "../core/emulator";

const ENDPOINT = /projects\/([^/"\\\s]+)\/locations\/([^/"\\\s]+)\/endpoints\/([^/:"\\\s]+)/g;
const MODEL = /projects\/[^/"\\\s]+\/locations\/[^/"\\\s]+\/models\/[^/:@"\\\s]+/g;
/** Source: `Endpoint.dedicatedEndpointDns` in the discovery document of aiplatform v1. */
const DEDICATED_HOST = /([a-z0-9-]+)\.([a-z0-9-]+)-([a-z0-9]+)\.prediction\.vertexai\.goog/g;

/** The endpoints and models that a stack names anywhere. They are not resources of the stack. */
export interface Endpoints {
  /** `projects/P/locations/L/endpoints/E` */
  readonly names: ReadonlySet<string>;
  /** Host -> the dedicated endpoint's id and location. */
  readonly dedicated: ReadonlyMap<string, { readonly id: string; readonly location: string }>;
  /** `projects/P/locations/L/models/M` */
  readonly models: ReadonlySet<string>;
}

export function endpointsOf(resources: readonly EvaluatedResource[]): Endpoints {
  const text = JSON.stringify(resources.map(({ attributes }) => attributes));
  return {
    names: new Set([...text.matchAll(ENDPOINT)].map(([name]) => name)),
    dedicated: new Map(
      [...text.matchAll(DEDICATED_HOST)].map(([host, id = "", location = ""]) => [host, { id, location }]),
    ),
    models: new Set([...text.matchAll(MODEL)].map(([name]) => name)),
  };
}

/** Hosts of dedicated endpoints, for the certificate of a run. */
export function dedicatedHosts(resources: readonly EvaluatedResource[]): string[] {
  return [...endpointsOf(resources).dedicated.keys()].sort();
}

/** The shared host of every location, and those of dedicated endpoints. */
export function hostsOf(resources: readonly EvaluatedResource[]): string[] {
  return ["*-aiplatform.googleapis.com", ...dedicatedHosts(resources)];
}

export const locationOf = (endpoint: string) => endpoint.split("/")[3] ?? "";
