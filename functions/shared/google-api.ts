import { setTimeout as sleep } from "node:timers/promises";
import { GoogleApiError } from "./errors";

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
  /** True when asking twice has one effect; only then is it asked again after 429, 502, 503, 504 or no answer. */
  idempotent: boolean;
  /** Milliseconds for one try. Default 30000. */
  timeout?: number;
  signal?: AbortSignal;
}

/** One request to a Google API; resolves to the answer's JSON, rejects with GoogleApiError. */
export type GoogleApi = <T>(request: GoogleRequest) => Promise<T>;

/** How often and how patiently to ask again; milliseconds. */
export interface RetryPolicy {
  tries: number;
  minDelay: number;
  maxDelay: number;
}

const patience: RetryPolicy = { tries: 4, minDelay: 200, maxDelay: 5_000 };

/** Speaks to Google's REST APIs as the function's own identity. */
export function googleApi(client: AuthorizedClient, policy: RetryPolicy = patience): GoogleApi {
  return async <T>({ method, url, body, idempotent, timeout = 30_000, signal }: GoogleRequest): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await client.request<T>({ method, url, data: body, timeout, retry: false, signal });
        return answer.data;
      } catch (thrown) {
        const error = toGoogleApiError(thrown, url);
        const again = idempotent && !signal?.aborted && [0, 429, 502, 503, 504].includes(error.status);
        if (!again || attempt >= policy.tries) throw error;
        await sleep(delay(attempt, retryAfter(thrown), policy), undefined, { signal });
      }
    }
  };
}

/** Full jitter: anything up to the exponential delay, but never less than the server asked for (up to the maximum). */
function delay(attempt: number, asked: number, { minDelay, maxDelay }: RetryPolicy): number {
  const exponential = Math.min(maxDelay, minDelay * 2 ** (attempt - 1));
  return Math.max(Math.min(asked, maxDelay), Math.random() * exponential);
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
  );
}

/** Milliseconds of a Retry-After header in seconds; 0 when there is none. */
function retryAfter(thrown: unknown): number {
  const headers = new Headers((thrown as RequestFailure).response?.headers);
  const seconds = Number(headers.get("retry-after"));
  return Number.isFinite(seconds) ? seconds * 1_000 : 0;
}
