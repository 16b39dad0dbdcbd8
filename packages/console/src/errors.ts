import type { ErrorCode } from "./api-types";

/** An answer other than 2xx. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly code: ErrorCode,
    message: string,
  ) {
    super(message);
  }
}

export class NotFound extends HttpError {
  constructor(message: string) {
    super(404, "not-found", message);
  }
}

export class Invalid extends HttpError {
  constructor(message: string) {
    super(400, "invalid", message);
  }
}

/** The stack refused an action. */
export class Refused extends HttpError {
  constructor(message: string) {
    super(409, "refused", message);
  }
}
