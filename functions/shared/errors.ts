/**
 * An error that no repetition can cure: bad input, a missing object, a refused payload. It is answered with its 4xx status
 * or, where there is a dead letter, handed over with its code and message. Every other error counts as "may succeed later".
 */
export class PermanentError extends Error {
  override readonly name = "PermanentError";

  /**
   * @param code short and stable, for programs, e.g. `missing_object`; the only part of the error that is logged.
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

/** An error that a Google API answered, or the lack of an answer. */
export class GoogleApiError extends Error {
  override readonly name = "GoogleApiError";

  /**
   * @param status HTTP status; 0 when no answer came (timeout, reset connection).
   * @param reason Google's `error.status`, e.g. `ALREADY_EXISTS`; the system's error code when no answer came.
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

  /** The function's identity lacks something. A grant that was just made takes minutes to reach every service. */
  get denied(): boolean {
    return this.status === 401 || this.status === 403;
  }

  get alreadyExists(): boolean {
    return this.reason === "ALREADY_EXISTS" || (this.status === 409 && this.reason !== "ABORTED");
  }
}

/** Whether a Google API calls the request itself wrong, so that no repetition can cure it. Any other 400 may pass. */
export function isInvalidRequest(error: unknown): error is GoogleApiError {
  return error instanceof GoogleApiError && error.status === 400 && error.reason === "INVALID_ARGUMENT";
}
