import { GoogleApiError } from "./errors";
import { defaultRetryPolicy, type RetryPolicy, withRetries } from "./retry";

/** Anything of google-auth-library that sends authorized requests, whichever version came along. */
export interface AuthorizedClient {
  request<T>(options: {
    url: string;
    method: "GET" | "POST";
    data?: unknown;
    timeout: number;
    retry: false;
    signal?: AbortSignal;
  }): Promise<{ data: T }>;
}

export interface GoogleRequest {
  method: "GET" | "POST";
  url: string;
  /** Sent as JSON. */
  body?: unknown;
  /** True when asking twice has one effect; only then is it asked again when it fails. */
  idempotent: boolean;
  /** Milliseconds for one try. Default 30000. */
  timeout?: number;
  signal?: AbortSignal;
}

/** One request to a Google API; resolves to the answer's JSON, rejects with GoogleApiError. */
export type GoogleApi = <T>(request: GoogleRequest) => Promise<T>;

/** Speaks to Google's REST APIs as the function's own identity. */
export function googleApi(client: AuthorizedClient, policy: RetryPolicy = defaultRetryPolicy): GoogleApi {
  return <T>({ method, url, body, idempotent, timeout = 30_000, signal }: GoogleRequest): Promise<T> => {
    const ask = async () => {
      try {
        return (await client.request<T>({ method, url, data: body, timeout, retry: false, signal })).data;
      } catch (thrown) {
        throw toGoogleApiError(thrown, url);
      }
    };
    return idempotent ? withRetries(policy, ask, signal) : ask();
  };
}

interface RequestFailure {
  code?: string | number;
  message?: string;
  response?: {
    status?: number;
    headers?: Headers | Record<string, string>;
    data?: { error?: { status?: string; message?: string } } | string;
  };
}

function toGoogleApiError(thrown: unknown, url: string): GoogleApiError {
  const { code, message, response } = thrown as RequestFailure;
  const { host, pathname } = new URL(url);
  if (!response?.status) {
    return new GoogleApiError(`${host}${pathname} gave no answer: ${message}`, 0, String(code ?? "NO_ANSWER"));
  }
  const told = typeof response.data === "object" ? response.data?.error : undefined;
  const reason = told?.status ?? String(response.status);
  return new GoogleApiError(
    `${host}${pathname} answered ${response.status} ${reason}: ${told?.message ?? ""}`,
    response.status,
    reason,
    retryAfter(response.headers),
  );
}

/** Milliseconds of a Retry-After header in seconds; 0 when there is none. */
function retryAfter(headers: Headers | Record<string, string> | undefined): number {
  const seconds = Number(new Headers(headers).get("retry-after"));
  return Number.isFinite(seconds) ? seconds * 1_000 : 0;
}
