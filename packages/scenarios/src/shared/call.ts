import type { RestRequest } from "@cdktf-serverless-ml/emulator";
import type { ApiCall } from "./scenario";

/** Method and path, and the name of a task or object that the query or the body has. */
export function callText({ method, path, query, body }: Omit<RestRequest, "caller">): string {
  const name = query.get("name") ?? /\/tasks\/([A-Za-z0-9_-]+)"/.exec(body.subarray(0, 4096).toString("latin1"))?.[1];
  return `${method} ${decoded(path)}${name ? ` ${name}` : ""}`;
}

/** A request as scenarios see it. */
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
