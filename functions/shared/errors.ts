/**
 * An error that a retry cannot fix: bad input, a missing object, an invalid payload. The function
 * answers its 4xx status or, with a dead letter topic, sends code and message to the dead letter.
 * Any other error may succeed later.
 */
export class PermanentError extends Error {
  override readonly name = "PermanentError";

  /**
   * @param code short and stable, for programs, e.g. `missing_object`; the only part of the error
   *   in the logs.
   * @param message for people: what was given, what is allowed, where. May quote the input.
   * @param status HTTP status, 400 to 499. Default 400.
   * @param issues one line per problem, when there are several.
   */
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
    readonly issues?: readonly string[],
  ) {
    super(message);
  }
}

/** A Google API's error answer, or the lack of an answer. */
export class GoogleApiError extends Error {
  override readonly name = "GoogleApiError";

  /**
   * @param status HTTP status; 0 without an answer (timeout, reset connection).
   * @param reason Google's `error.status`, e.g. `ALREADY_EXISTS`; without an answer the system's
   *   error code.
   * @param retryAfter milliseconds that the server asked to wait; 0 when it did not.
   */
  constructor(
    message: string,
    readonly status: number,
    readonly reason: string,
    readonly retryAfter = 0,
  ) {
    super(message);
  }

  /**
   * The function's identity lacks a permission. A new grant takes minutes to reach every service.
   */
  get denied(): boolean {
    return this.status === 401 || this.status === 403;
  }

  get alreadyExists(): boolean {
    return this.reason === "ALREADY_EXISTS" || (this.status === 409 && this.reason !== "ABORTED");
  }
}

/**
 * Whether a Google API rejects the request itself, so that a retry cannot succeed. Any other 400
 * may pass.
 */
export function isInvalidRequest(error: unknown): error is GoogleApiError {
  return error instanceof GoogleApiError && error.status === 400 && error.reason === "INVALID_ARGUMENT";
}
