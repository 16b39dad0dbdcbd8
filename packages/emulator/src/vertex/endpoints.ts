import type { EvaluatedResource } from "../core/emulator";

const ENDPOINT = /projects\/([^/"\\\s]+)\/locations\/([^/"\\\s]+)\/endpoints\/([^/:"\\\s]+)/g;
/** Source: `Endpoint.dedicatedEndpointDns` in the discovery document of aiplatform v1. */
const DEDICATED_HOST = /([a-z0-9-]+)\.([a-z0-9-]+)-([a-z0-9]+)\.prediction\.vertexai\.goog/g;

/** The endpoints that a stack names anywhere. They are not resources of the stack. */
export interface Endpoints {
  /** `projects/P/locations/L/endpoints/E` */
  readonly names: ReadonlySet<string>;
  /** Host -> the dedicated endpoint's id and location. */
  readonly dedicated: ReadonlyMap<string, { readonly id: string; readonly location: string }>;
}

export function endpointsOf(resources: readonly EvaluatedResource[]): Endpoints {
  const text = JSON.stringify(resources.map(({ attributes }) => attributes));
  return {
    names: new Set([...text.matchAll(ENDPOINT)].map(([name]) => name)),
    dedicated: new Map(
      [...text.matchAll(DEDICATED_HOST)].map(([host, id = "", location = ""]) => [host, { id, location }]),
    ),
  };
}

/** Hosts of dedicated endpoints, for the certificate of a run. */
export function dedicatedHosts(resources: readonly EvaluatedResource[]): string[] {
  return [...endpointsOf(resources).dedicated.keys()].sort();
}

/**
 * Hosts that answer predictions: the shared one of each location, and those of dedicated endpoints.
 */
export function hostsOf(resources: readonly EvaluatedResource[]): string[] {
  const { names, dedicated } = endpointsOf(resources);
  const locations = new Set([...names].map(locationOf));
  return [...[...locations].map((location) => `${location}-aiplatform.googleapis.com`), ...dedicated.keys()];
}

export const locationOf = (endpoint: string) => endpoint.split("/")[3] ?? "";
