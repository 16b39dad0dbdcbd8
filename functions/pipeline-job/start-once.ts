import { GoogleApiError, PermanentError } from "../shared/errors";
import { shortHash } from "../shared/hash";
import type { JobKind, Launch } from "./job-kind";
import type { Records, Started } from "./records";

/**
 * Milliseconds that a lease lasts beyond the timeout of the function. Within the timeout all
 * requests of the function end; the rest is for Google's service to finish one and to list the job.
 */
const GRACE = 120_000;

export interface StartOptions {
  readonly kind: JobKind;
  readonly records: Records;
  /** Which job of the step it is, from 0. */
  readonly number: number;
  readonly launch: Omit<Launch, "key" | "since">;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The function's own timeout. */
  readonly timeoutSeconds: number;
  /** Leases that may end without a sign of the job. */
  readonly maxAttempts: number;
}

/**
 * Starts a job once, although deliveries repeat and the function may die between any two requests.
 *
 * - A lease lets one delivery alone ask for the job. It looks for the job of an earlier lease first.
 * - A lease whose holder died is over when all its requests have ended for certain.
 * - A request that the service refused started no job, so its lease is over at once.
 *
 * @returns the job; or the time, milliseconds since 1970, when another delivery's lease is over
 * @throws PermanentError as the kind does; `attempts_spent` when the job was neither started nor
 *   refused in `maxAttempts` leases
 */
export async function startOnce(options: StartOptions): Promise<Started | number> {
  const { records, number } = options;
  const lease = await takeLease(options);
  if (typeof lease === "number") return lease;
  try {
    const job = await findOrStart(options, lease);
    const started = { job, since: lease.since };
    await records.start(number, started);
    return started;
  } catch (error) {
    if (isRefusal(error)) await records.refuse(number, lease.lease, error);
    throw error;
  }
}

interface OwnLease {
  /** From 1. */
  readonly lease: number;
  /** When the first one was taken. */
  readonly since: number;
  /** Earlier ones of which nobody knows whether they started the job. */
  readonly unanswered: number;
}

/** @returns the lease, or the time when another delivery's is over */
async function takeLease({ records, number, time, timeoutSeconds }: StartOptions): Promise<OwnLease | number> {
  const times = { taken: time, until: time + timeoutSeconds * 1_000 + GRACE };
  let since = time;
  let unanswered = 0;
  for (let lease = 1; ; lease++) {
    const isMine = !records.hasLease(number, lease) && (await records.take(number, lease, times));
    if (isMine) return { lease, since, unanswered };
    const { taken, until } = (await records.lease(number, lease)) ?? times;
    if (lease === 1) since = taken;
    if (records.isRefused(number, lease)) continue;
    if (until > time) return until;
    unanswered++;
  }
}

async function findOrStart(options: StartOptions, { since, unanswered }: OwnLease): Promise<string> {
  const { kind, records, number, maxAttempts } = options;
  const launch = { ...options.launch, since, key: keyOf(options) };
  const found = await kind.find(launch);
  if (found !== undefined) return found;
  if (unanswered < maxAttempts) return kind.start(launch);
  const message = `All ${unanswered} attempts to start the job ended without an answer`;
  const failure = await records.fail(number, { code: "attempts_spent", message });
  throw new PermanentError(failure.code, failure.message);
}

/** Different for each step, element and try of all runs: a label, or a part of a name. */
function keyOf({ launch: { file }, number }: StartOptions): string {
  return `s${shortHash(file.run, file.step, file.index ?? "", number)}`;
}

/** Whether a request has had no effect. After a 5xx, or no answer, it may have one. */
function isRefusal(error: unknown): error is Error {
  if (error instanceof PermanentError) return true;
  return error instanceof GoogleApiError && error.status >= 400 && error.status < 500 && error.status !== 408;
}
