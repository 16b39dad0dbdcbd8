import * as v from "valibot";
import { GoogleApiError } from "./errors";
import type { GoogleApi } from "./google-api";

const MAX_AHEAD = 30 * 24 * 3_600_000;
const TIMESTAMP = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** A task's schedule time as Cloud Tasks takes it; everything else would be a 400, however often it is asked. */
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
  /** Task id, `^[A-Za-z0-9_-]{1,500}$`: Cloud Tasks makes no second task of that name, for up to 24 hours after it ended. */
  id: string;
  /** Where the task goes, unless the queue has a target of its own. */
  url: string;
  /** Sent as JSON. */
  payload: unknown;
  /** Seconds that one attempt may take, 15 to 1800. */
  deadlineSeconds: number;
  /** Service account whose token the task carries: OAuth for `*.googleapis.com`, OIDC for anything else. Default: no token. */
  tokenIdentity?: string;
  /** Not before this time, RFC 3339, at most 30 days ahead. Default: now. */
  scheduleTime?: string;
}

/**
 * Enqueues a task.
 *
 * @param queue `projects/P/locations/L/queues/Q`
 * @returns false when a task of that name is or was there already, which is as good.
 * @throws GoogleApiError for everything else.
 */
export async function createTask(google: GoogleApi, queue: string, task: NewTask): Promise<boolean> {
  try {
    await google({
      method: "POST",
      url: `https://cloudtasks.googleapis.com/v2/${queue}/tasks`,
      // The name makes it so.
      idempotent: true,
      body: {
        task: {
          name: `${queue}/tasks/${task.id}`,
          dispatchDeadline: `${task.deadlineSeconds}s`,
          scheduleTime: task.scheduleTime,
          httpRequest: {
            url: task.url,
            httpMethod: "POST",
            headers: { "Content-Type": "application/json" },
            body: Buffer.from(JSON.stringify(task.payload)).toString("base64"),
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

/** Cloud Run wants its service's bare URL for the audience, whatever path is called. */
function token({ url, tokenIdentity: serviceAccountEmail }: NewTask): object {
  if (!serviceAccountEmail) return {};
  const { hostname, origin } = new URL(url);
  return hostname.endsWith(".googleapis.com")
    ? { oauthToken: { serviceAccountEmail } }
    : { oidcToken: { serviceAccountEmail, audience: origin } };
}
