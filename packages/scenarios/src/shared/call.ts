import type { Invocation, RestRequest } from "@cdktf-serverless-ml/emulator";
import { digestOf } from "../faults/hash";
import type { ApiCall } from "./scenario";

/** What tells calls apart: of the same one only the time differs. */
export function callId({ method, host, path, query, headers, body }: Omit<RestRequest, "caller">): string {
  return digestOf(JSON.stringify([method, host, path, [...query], headers.range ?? "", digestOf(body)]));
}

/** Verb and path, with what a name in the query or the body says about which one it is. */
export function callText({ method, path, query, body }: Omit<RestRequest, "caller">): string {
  const name = query.get("name") ?? /\/tasks\/([A-Za-z0-9_-]+)"/.exec(body.subarray(0, 4096).toString("latin1"))?.[1];
  return `${method} ${decoded(path)}${name ? ` ${name}` : ""}`;
}

/** A workflow's call of a Google API; undefined for whatever else is sent. */
export function workflowCall({ url, method, headers, body }: Invocation): Omit<RestRequest, "caller"> | undefined {
  const { host, pathname: path, searchParams: query } = new URL(url);
  const isOne =
    headers["user-agent"]?.includes("GoogleCloudWorkflows") && /\.(googleapis\.com|vertexai\.goog)$/.test(host);
  return isOne ? { method, host, path, query, headers, body } : undefined;
}

/** As flows judge it. */
export function apiCall({ caller, ...request }: RestRequest): ApiCall {
  return { ...request, caller: caller.email ?? "" };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
