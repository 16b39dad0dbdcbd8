import * as v from "valibot";
import { GoogleApiError } from "./errors";
import type { GoogleApi } from "./google-api";

/**
 * CreateTask requires a URL. The queue's HTTP target replaces it; without a target, tasks fail
 * visibly.
 */
export const PLACEHOLDER_URL = "https://overridden-by-queue.invalid/";

const MAX_AHEAD = 30 * 24 * 3_600_000;
const TIMESTAMP = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/**
 * A task's schedule time in the form that Cloud Tasks accepts. For any other value every attempt
 * would be answered 400.
 */
export const scheduleTime = v.pipe(
  v.string(),
  v.check((text) => {
    const day = TIMESTAMP.exec(text)?.[1];
    const time = Date.parse(text);
    // JavaScript takes the 31st of February for the 3rd of March.
    return day !== undefined && time >= 0 && time - Date.now() <= MAX_AHEAD && isDay(day);
  }, "an RFC 3339 timestamp, at most 30 days ahead, like 2026-01-31T12:00:00Z"),
);

function isDay(day: string): boolean {
  const midnight = new Date(`${day}T00:00:00Z`);
  return midnight.getTime() >= 0 && midnight.toISOString().startsWith(day);
}

export interface NewTask {
  /**
   * Task id, `^[A-Za-z0-9_-]{1,500}$`. Cloud Tasks creates no second task of that name, for up to
   * 24 hours after the first ended.
   */
  id: string;
  /** URL of the task. A queue with its own HTTP target replaces it: see `PLACEHOLDER_URL`. */
  url: string;
  /** Sent as JSON, bytes as they are. */
  payload: unknown;
  /**
   * Further headers of its requests.
   *
   * @default - none
   */
  headers?: Readonly<Record<string, string>>;
  /** Seconds that one attempt may take, 15 to 1800. */
  deadlineSeconds: number;
  /**
   * Service account for the task's token: OAuth for `*.googleapis.com`, OIDC for all other hosts.
   *
   * @default - no token
   */
  tokenIdentity?: string;
  /**
   * Earliest time of the first attempt, RFC 3339, at most 30 days ahead.
   *
   * @default - now
   */
  scheduleTime?: string;
}

/**
 * Enqueues a task.
 *
 * @param queue `projects/P/locations/L/queues/Q`
 * @returns false when a task of that name exists or existed already; the task is then not enqueued
 *   again.
 * @throws GoogleApiError for every other failure.
 */
export async function createTask(google: GoogleApi, queue: string, task: NewTask): Promise<boolean> {
  try {
    await google({
      method: "POST",
      url: `https://cloudtasks.googleapis.com/v2/${queue}/tasks`,
      // The task's name makes the request idempotent.
      idempotent: true,
      body: {
        task: {
          name: `${queue}/tasks/${task.id}`,
          dispatchDeadline: `${task.deadlineSeconds}s`,
          scheduleTime: task.scheduleTime,
          httpRequest: {
            url: task.url,
            httpMethod: "POST",
            headers: { "Content-Type": "application/json", ...task.headers },
            body: bytesOf(task.payload).toString("base64"),
            ...token(task),
          },
        },
      },
    });
    return true;
  } catch (error) {
    if (error instanceof GoogleApiError && error.alreadyExists) return false;
    throw error;
  }
}

function bytesOf(payload: unknown): Buffer {
  return Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload));
}

/** Cloud Run requires the service's URL without path as audience, for every path. */
function token({ url, tokenIdentity: serviceAccountEmail }: NewTask): object {
  if (!serviceAccountEmail) return {};
  const { hostname, origin } = new URL(url);
  return hostname.endsWith(".googleapis.com")
    ? { oauthToken: { serviceAccountEmail } }
    : { oidcToken: { serviceAccountEmail, audience: origin } };
}
