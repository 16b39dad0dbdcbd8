import { GoogleApiError } from "./errors";
import { defaultRetryPolicy, type RetryPolicy, withRetries } from "./retry";

/** What we use of google-auth-library: it sends requests with the function's own identity. */
export interface AuthorizedClient {
  request<T>(options: {
    url: string;
    method: "GET" | "POST";
    headers?: Record<string, string>;
    data?: unknown;
    responseType?: "json" | "arraybuffer" | "stream";
    timeout: number;
    retry: false;
    signal?: AbortSignal;
  }): Promise<{ data: T }>;
}

export interface GoogleRequest {
  method: "GET" | "POST";
  url: string;
  headers?: Record<string, string>;
  /** Objects are sent as JSON, strings and bytes as they are. */
  body?: unknown;
  /** What to make of the answer: parsed JSON, an ArrayBuffer, or an async iterable of byte chunks. Default `json`. */
  responseType?: "json" | "arraybuffer" | "stream";
  /** True when asking twice has one effect; only then is it asked again when it fails. */
  idempotent: boolean;
  /** Milliseconds for one try, the answer's last byte included. Default 30000. */
  timeout?: number;
  signal?: AbortSignal;
}

/** One request to a Google API; rejects with GoogleApiError. */
export type GoogleApi = <T>(request: GoogleRequest) => Promise<T>;

/** Speaks to Google's REST APIs as the function's own identity. */
export function googleApi(client: AuthorizedClient, policy: RetryPolicy = defaultRetryPolicy): GoogleApi {
  return <T>({ idempotent, body, responseType = "json", timeout = 30_000, ...request }: GoogleRequest): Promise<T> => {
    const ask = async () => {
      try {
        const answer = await client.request<T>({ ...request, data: body, responseType, timeout, retry: false });
        return answer.data;
      } catch (thrown) {
        throw toGoogleApiError(thrown, request.url);
      }
    };
    return idempotent ? withRetries(policy, ask, request.signal) : ask();
  };
}

interface RequestFailure {
  code?: string | number;
  message?: string;
  response?: { status?: number; headers?: Headers; data?: unknown };
}

function toGoogleApiError(thrown: unknown, url: string): GoogleApiError {
  const { code, message, response } = thrown as RequestFailure;
  const { host, pathname } = new URL(url);
  if (!response?.status) {
    return new GoogleApiError(`${host}${pathname} gave no answer: ${message}`, 0, String(code ?? "NO_ANSWER"));
  }
  const told = errorIn(response.data);
  const reason = told?.status ?? String(response.status);
  return new GoogleApiError(
    `${host}${pathname} answered ${response.status} ${reason}: ${told?.message ?? ""}`,
    response.status,
    reason,
    retryAfter(response.headers),
  );
}

/** Google's error object, in whatever form the answer was asked for. */
function errorIn(data: unknown): { status?: string; message?: string } | undefined {
  try {
    const isBytes = Object.prototype.toString.call(data) === "[object ArrayBuffer]";
    const text = isBytes ? Buffer.from(data as ArrayBuffer).toString() : data;
    return (typeof text === "string" ? JSON.parse(text) : text)?.error;
  } catch {
    return undefined;
  }
}

/** Milliseconds of a Retry-After header in seconds; 0 when there is none. */
function retryAfter(headers: Headers | undefined): number {
  const seconds = Number(headers?.get("retry-after"));
  return Number.isFinite(seconds) ? seconds * 1_000 : 0;
}
