import { timeLeft } from "./deadline";
import { GoogleApiError, PermanentError } from "./errors";
import { defaultRetryPolicy, type RetryPolicy, TIMED_OUT, withRetries } from "./retry";

/**
 * The part of google-auth-library that functions use. It sends requests with the function's own
 * identity.
 */
export interface AuthorizedClient {
  request<T>(options: {
    url: string;
    method: "GET" | "POST" | "PUT";
    headers?: Record<string, string>;
    data?: unknown;
    responseType?: "json" | "arraybuffer" | "stream";
    timeout: number;
    retry: false;
    signal?: AbortSignal;
  }): Promise<{ data: T; headers: Headers }>;
}

export interface GoogleRequest {
  method: "GET" | "POST" | "PUT";
  url: string;
  /** @default - no headers besides those of google-auth-library */
  headers?: Record<string, string>;
  /**
   * Objects are sent as JSON, strings and bytes unchanged.
   *
   * @default - no body
   */
  body?: unknown;
  /**
   * Form of the answer: parsed JSON, an ArrayBuffer, or an async iterable of byte chunks.
   *
   * @default "json"
   */
  responseType?: "json" | "arraybuffer" | "stream";
  /** Whether a repeated request has no further effect. Only then does the client retry it. */
  idempotent: boolean;
  /**
   * Milliseconds for one try, up to the answer's last byte. A function is called before each try.
   * No try outlasts the invocation's deadline.
   *
   * @default 30000
   */
  timeout?: number | (() => number);
  /**
   * Cancels the request.
   *
   * @default - no cancellation
   */
  signal?: AbortSignal;
}

/** A request whose answer is read from its bytes and headers. */
export interface StreamRequest<T> extends Omit<GoogleRequest, "responseType"> {
  /**
   * Reads the answer. A failure counts as none, and is retried, unless it is a PermanentError.
   *
   * @param chunks the answer's bytes, decoded as its Content-Encoding says.
   */
  read(chunks: AsyncIterable<Uint8Array>, headers: Headers): Promise<T>;
}

/** No function runs longer than an hour. Node's timers do not support Infinity. */
const LONGEST = 3_600_000;

/** One request to a Google API. Rejects with GoogleApiError. */
export type GoogleApi = <T>(request: GoogleRequest | StreamRequest<T>) => Promise<T>;

/** Calls Google's REST APIs with the function's own identity. */
export function googleApi(client: AuthorizedClient, policy: RetryPolicy = defaultRetryPolicy): GoogleApi {
  return <T>(given: GoogleRequest | StreamRequest<T>): Promise<T> => {
    const {
      read,
      idempotent,
      body,
      responseType = "json",
      timeout = 30_000,
      ...request
    } = {
      read: undefined,
      ...given,
      ...("read" in given && { responseType: "stream" as const }),
    };
    const ask = async () => {
      const allowed = Math.min(typeof timeout === "function" ? timeout() : timeout, timeLeft(), LONGEST);
      if (allowed < 1) throw unanswered(request.url, "the function's time is up", "DEADLINE_EXCEEDED");
      const began = performance.now();
      try {
        const limited = { ...request, data: body, responseType, timeout: Math.ceil(allowed), retry: false } as const;
        if (!read) return (await client.request<T>(limited)).data;
        const { data, headers } = await client.request<AsyncIterable<Uint8Array>>(limited);
        return await read(data, headers);
      } catch (thrown) {
        if (thrown instanceof PermanentError) throw thrown;
        const hasAnswer = (thrown as RequestFailure).response?.status !== undefined;
        if (!hasAnswer && !request.signal?.aborted && performance.now() - began >= allowed) {
          throw unanswered(request.url, `nothing came in ${Math.round(allowed)} ms`, TIMED_OUT);
        }
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
  if (!response?.status) return unanswered(url, String(message), String(code ?? "NO_ANSWER"));
  const { host, pathname } = new URL(url);
  const told = errorIn(response.data);
  const reason = told?.status ?? String(response.status);
  return new GoogleApiError(
    `${host}${pathname} answered ${response.status} ${reason}: ${told?.message ?? ""}`,
    response.status,
    reason,
    retryAfter(response.headers),
  );
}

function unanswered(url: string, why: string, reason: string): GoogleApiError {
  const { host, pathname } = new URL(url);
  return new GoogleApiError(`${host}${pathname} gave no answer: ${why}`, 0, reason);
}

/** Google's error object, for any `responseType`. */
function errorIn(data: unknown): { status?: string; message?: string } | undefined {
  try {
    const isBytes = Object.prototype.toString.call(data) === "[object ArrayBuffer]";
    const text = isBytes ? Buffer.from(data as ArrayBuffer).toString() : data;
    return (typeof text === "string" ? JSON.parse(text) : text)?.error;
  } catch {
    return undefined;
  }
}

/** Milliseconds of a Retry-After header in seconds; 0 without one. */
function retryAfter(headers: Headers | undefined): number {
  const seconds = Number(headers?.get("retry-after"));
  return Number.isFinite(seconds) ? seconds * 1_000 : 0;
}
