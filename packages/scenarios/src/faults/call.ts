import type { Invocation, RestRequest } from "@cdktf-serverless-ml/emulator";
import { digestOf } from "./hash";

/** The same for calls that differ only in time and caller. */
export function callId({ method, host, path, query, headers, body }: Omit<RestRequest, "caller">): string {
  return digestOf(JSON.stringify([method, host, path, [...query], headers.range ?? "", digestOf(body)]));
}

/** A workflow's call of a Google API. Undefined for any other request. */
export function workflowCall({ url, method, headers, body }: Invocation): Omit<RestRequest, "caller"> | undefined {
  const { host, pathname: path, searchParams: query } = new URL(url);
  const isOne =
    headers["user-agent"]?.includes("GoogleCloudWorkflows") && /\.(googleapis\.com|vertexai\.goog)$/.test(host);
  return isOne ? { method, host, path, query, headers, body } : undefined;
}
