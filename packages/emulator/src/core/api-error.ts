/**
 * Canonical codes of Google's APIs, with their numbers over gRPC and HTTP. Source:
 * google/rpc/code.proto.
 */
const CODES = {
  CANCELLED: { grpc: 1, http: 499 },
  UNKNOWN: { grpc: 2, http: 500 },
  INVALID_ARGUMENT: { grpc: 3, http: 400 },
  DEADLINE_EXCEEDED: { grpc: 4, http: 504 },
  NOT_FOUND: { grpc: 5, http: 404 },
  ALREADY_EXISTS: { grpc: 6, http: 409 },
  PERMISSION_DENIED: { grpc: 7, http: 403 },
  RESOURCE_EXHAUSTED: { grpc: 8, http: 429 },
  FAILED_PRECONDITION: { grpc: 9, http: 400 },
  ABORTED: { grpc: 10, http: 409 },
  OUT_OF_RANGE: { grpc: 11, http: 400 },
  UNIMPLEMENTED: { grpc: 12, http: 501 },
  INTERNAL: { grpc: 13, http: 500 },
  UNAVAILABLE: { grpc: 14, http: 503 },
  UNAUTHENTICATED: { grpc: 16, http: 401 },
} as const;

export type ApiCode = keyof typeof CODES;

/** An error of a Google API, over REST and gRPC alike. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly code: ApiCode,
    message: string,
    /** HTTP status if it is not that of the code, such as 412 of Cloud Storage. */
    private readonly httpStatus?: number,
  ) {
    super(message);
  }

  get http(): number {
    return this.httpStatus ?? CODES[this.code].http;
  }

  get grpc(): number {
    return CODES[this.code].grpc;
  }

  /** The body of a REST answer. */
  toJSON(): object {
    return { error: { code: this.http, message: this.message, status: this.code } };
  }
}

/** A service throws this to end the connection without an answer. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}
