import { fromPlain, type Value, type WorkflowMap } from "./values";

/** Source: docs/reference/syntax/error-types. */
export type ErrorTag =
  | "AuthError"
  | "ConnectionError"
  | "ConnectionFailedError"
  | "HttpError"
  | "IndexError"
  | "KeyError"
  | "RecursionError"
  | "ResourceLimitError"
  | "TimeoutError"
  | "TypeError"
  | "UnhandledBranchError"
  | "ValueError"
  | "ZeroDivisionError";

/**
 * What a step raised, by itself or by `raise`: any value, a map with `tags` and `message` where
 * Workflows raises it.
 */
export class RaisedError extends Error {
  /** Innermost step first: `step "read", routine "main"`. */
  readonly steps: string[] = [];

  constructor(readonly value: Value) {
    super(value instanceof Map ? String((value as WorkflowMap).get("message")) : String(value));
  }
}

/**
 * Nothing catches or retries it: the execution fails at once. Source:
 * docs/reference/syntax/error-types, ResourceLimitError.
 */
export class LimitReached extends RaisedError {}

export function raised(tag: ErrorTag, message: string, more: Readonly<Record<string, unknown>> = {}): RaisedError {
  const value = fromPlain({ message, tags: [tag], ...more });
  return tag === "ResourceLimitError" ? new LimitReached(value) : new RaisedError(value);
}

/** The execution was cancelled: nothing catches it. */
export class Cancelled extends Error {}

/** Whether `except` and `retry` see an error. */
export const isCaught = (error: unknown): error is RaisedError =>
  error instanceof RaisedError && !(error instanceof LimitReached);
