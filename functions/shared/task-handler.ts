import { randomUUID } from "node:crypto";
import type * as v from "valibot";
import { publishDeadLetter } from "./dead-letter";
import { PermanentError } from "./errors";
import { type Answer, type HttpHandler, type HttpRequest, type Invocation, readBody, servePost } from "./http";
import { check, parseJson } from "./json";
import { countOf, REDRIVE_COUNT, REDRIVE_TASK } from "./redrive";
import type { Services } from "./services";
import { queueTime } from "./task-time";

/**
 * A task has at most 1 MiB. The function reads a larger body up to 8 MiB, so that it can send it to
 * the dead letter. A Pub/Sub message holds 10 MB.
 */
const MAX_TASK_BYTES = 1024 ** 2;
const MAX_BODY_BYTES = 8 * 1024 ** 2;

export interface TaskContext extends Invocation {
  /** Number of this attempt, from 1. */
  attempt: number;
  /**
   * The task's name, without the queue; a random UUID in a manual call. A task that was put back
   * from the dead letter has the name that it had at first.
   */
  id: string;
  /** The queue's name; undefined in a manual call. */
  queue?: string;
  /** How often it was put back from the dead letter; undefined for never. */
  redrives?: number;
  /** When the task came by the clock of its queue, milliseconds since 1970. */
  time: number;
}

export interface TaskHandlerOptions<S extends v.GenericSchema> {
  /** As `readEnvironment` gives it for `taskVariables`. */
  environment: { MAX_ATTEMPTS: number; DEAD_LETTER_TOPIC?: string };
  /** As `connect` gives them, or those of a test. */
  services: Services;
  /** Schema of the JSON body. */
  schema: S;
  /**
   * Does the work. Several calls for one task must have the effect of one. The result, if any,
   * becomes the answer's JSON.
   */
  handle: (payload: v.InferOutput<S>, context: TaskContext) => Promise<object | undefined>;
  /**
   * Quick look-up of the effect of an earlier attempt, whose answer may be lost. If it finds one,
   * the function answers with it and does no work, even for a task without attempts left. Undefined
   * when there is no effect yet.
   *
   * @default - no look-up
   */
  findEffect?: (payload: v.InferOutput<S>, context: TaskContext) => Promise<object | undefined>;
  /**
   * Called before a task with a valid payload is handed to the dead letter topic. If it rejects,
   * the task stays in its queue. Several calls for one task must have the effect of one.
   *
   * @default - nothing else happens
   */
  onDeadLetter?: (payload: v.InferOutput<S>, reason: PermanentError, context: TaskContext) => Promise<void>;
  /**
   * Status of the answer, 200 to 299.
   *
   * @default 200
   */
  status?: number | ((payload: v.InferOutput<S>) => number);
}

/**
 * A function that Cloud Tasks calls.
 *
 * With a dead letter topic, a task goes to the dead letter with the reason when it can never
 * succeed (PermanentError, bad payload) or has no attempts left. It is then answered 200, since
 * Cloud Tasks retries any other status. If publishing fails, 5xx keeps the task in the queue.
 *
 * The function checks the number of attempts before it does any work. So a task that crashes its
 * worker goes to the dead letter, too. Without a topic a PermanentError is answered 4xx. All other
 * errors are 5xx.
 *
 * A caller that is not Cloud Tasks (no task and queue name) gets 4xx and 5xx and never a dead
 * letter: it sees the answer.
 */
export function taskHandler<S extends v.GenericSchema>(options: TaskHandlerOptions<S>): HttpHandler {
  const { environment, services, schema, handle, findEffect, onDeadLetter, status = 200 } = options;
  const statusFor = (payload: v.InferOutput<S>) => (typeof status === "function" ? status(payload) : status);

  function read(body: Buffer): v.InferOutput<S> {
    if (body.length > MAX_TASK_BYTES) {
      const message = `The body has ${body.length} bytes; allowed: ${MAX_TASK_BYTES}`;
      throw new PermanentError("payload_too_large", message, 413);
    }
    return check(schema, parseJson(body, "The body"), "The body");
  }

  async function work(payload: v.InferOutput<S>, context: TaskContext, budget: number): Promise<Answer> {
    const effect = await findEffect?.(payload, context);
    if (effect) {
      context.log.info("Done already");
      return { status: statusFor(payload), body: effect };
    }
    if (context.attempt > budget) {
      throw new PermanentError("attempts_spent", `All ${budget} attempts failed; the log tells why`);
    }
    return { status: statusFor(payload), body: await handle(payload, context) };
  }

  return servePost(services, async (request, invocation) => {
    const task = taskOf(request);
    const { id, queue, attempt, redrives } = task;
    const log = invocation.log.with({ task: id, queue, attempt, redrives });
    const context = { ...task, log, signal: invocation.signal };
    const body = await readBody(request, MAX_BODY_BYTES);
    const topic = task.queue && environment.DEAD_LETTER_TOPIC;
    if (!topic) return work(read(body), context, Number.POSITIVE_INFINITY);
    let payload: v.InferOutput<S> | undefined;
    try {
      payload = read(body);
      return await work(payload, context, environment.MAX_ATTEMPTS);
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      // Before the dead letter: if it fails, the next delivery comes here again and there is still
      // one letter.
      if (payload !== undefined) await onDeadLetter?.(payload, error, context);
      await publishDeadLetter(services.google, topic, {
        data: body,
        reason: error,
        origin: {
          deadLetterSource: "cloudtasks",
          deadLetterFunction: services.name,
          deadLetterService: services.service,
          deadLetterQueue: queue,
          deadLetterTask: id,
          deadLetterAttempts: String(attempt),
          deadLetterRedrives: redrives?.toString(),
        },
      });
      log.warning(`Handed to the dead letter topic: ${error.code}`, { code: error.code });
      return { status: 200, body: { deadLetter: error.code } };
    }
  });
}

const TASK_ID = /^[A-Za-z0-9_-]{1,500}$/;

/**
 * Cloud Run does not remove these headers from requests of other callers. Every caller that may
 * invoke the function can set them.
 */
function taskOf({ headers }: HttpRequest): Omit<TaskContext, keyof Invocation> {
  const read = (header: string, pattern: RegExp) => {
    const value = headers[`x-cloudtasks-${header.toLowerCase()}`];
    if (value === undefined || (typeof value === "string" && pattern.test(value))) return value as string | undefined;
    const message = `Given X-CloudTasks-${header} ${JSON.stringify(value).slice(0, 100)}; allowed: ${pattern.source}`;
    throw new PermanentError("invalid_header", message);
  };
  const id = read("TaskName", TASK_ID);
  const queue = read("QueueName", /^[A-Za-z0-9-]{1,100}$/);
  const retries = read("TaskRetryCount", /^\d{1,9}$/);
  if (!id || !queue) return { id: randomUUID(), attempt: 1, time: Date.now() };
  const first = String(headers[REDRIVE_TASK.toLowerCase()]);
  const redrives = countOf(String(headers[REDRIVE_COUNT.toLowerCase()]));
  return {
    id: redrives > 0 && TASK_ID.test(first) ? first : id,
    queue,
    attempt: Number(retries ?? 0) + 1,
    time: queueTime(headers["x-cloudtasks-tasketa"]),
    ...(redrives > 0 && { redrives }),
  };
}
