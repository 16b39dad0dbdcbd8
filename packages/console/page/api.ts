import type { ActionBodies, ActionName, ActionResult, ApiErrorBody } from "../src/api-types";

/** An answer other than 2xx. Its message is for people. */
class ApiFailure extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return answerOf<T>(await fetch(path, { headers: { accept: "application/json" }, signal }));
}

export async function act<A extends ActionName>(
  stack: string,
  action: A,
  body: ActionBodies[A],
): Promise<ActionResult> {
  const response = await fetch(`/api/stacks/${encodeURIComponent(stack)}/actions/${action}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return answerOf<ActionResult>(response);
}

/** `/api/stacks/<stack>/<part>/…`, percent-encoded. */
export function pathOf(stack: string, ...parts: readonly string[]): string {
  return ["/api/stacks", ...[stack, ...parts].map(encodeURIComponent)].join("/");
}

async function answerOf<T>(response: Response): Promise<T> {
  const body = await response.json().catch(() => undefined);
  if (response.ok) return body as T;
  const message = (body as ApiErrorBody | undefined)?.error?.message;
  throw new ApiFailure(response.status, message ?? `The console answered ${response.status}`);
}
