import { type ApiCode, ApiError } from "../core/api-error";

/**
 * Google's words for why, by HTTP status. Source:
 * cloud.google.com/storage/docs/json_api/v1/status-codes
 */
const REASONS: Readonly<Record<number, string>> = {
  400: "invalid",
  401: "required",
  403: "forbidden",
  404: "notFound",
  409: "conflict",
  412: "conditionNotMet",
  416: "requestedRangeNotSatisfiable",
  501: "notImplemented",
};

/** An error in the form of the JSON API, which has a `reason` instead of a canonical code. */
export class StorageError extends ApiError {
  override toJSON(): object {
    const { http: code, message } = this;
    const where = code === 412 ? { locationType: "header", location: "If-Match" } : {};
    return {
      error: { code, message, errors: [{ message, domain: "global", reason: REASONS[code] ?? "internal", ...where }] },
    };
  }

  static of(error: ApiError): StorageError {
    return error instanceof StorageError ? error : new StorageError(error.code, error.message, error.http);
  }
}

const errorOf = (code: ApiCode, http?: number) => (message: string) => new StorageError(code, message, http);

export const invalid = errorOf("INVALID_ARGUMENT");
export const notFound = errorOf("NOT_FOUND");
export const unimplemented = errorOf("UNIMPLEMENTED");
export const rangeNotSatisfiable = errorOf("OUT_OF_RANGE", 416);

export function conditionNotMet(): StorageError {
  return new StorageError("FAILED_PRECONDITION", "At least one of the pre-conditions you specified did not hold.", 412);
}
