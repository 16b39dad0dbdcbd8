import * as v from "valibot";
import { DEFAULT_TIMEOUT_SECONDS } from "./deadline";
import { parseJson } from "./json";

/** Environment variables of a process. */
export type Variables = Record<string, string | undefined>;

/**
 * A variable with text that matches a pattern. Bundlers omit it from a function that does not use
 * it.
 *
 * @param allowed description for error messages
 * @__NO_SIDE_EFFECTS__
 */
export function matching(pattern: RegExp, allowed: string) {
  return v.pipe(v.string(allowed), v.regex(pattern, allowed));
}

export const projectId = matching(/^[a-z][a-z0-9.:-]{4,61}[a-z0-9]$/, "a project id like my-project");
export const bucketName = matching(/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/, "a bucket name like my-bucket");
export const queueName = matching(
  /^projects\/[^/\s]+\/locations\/[^/\s]+\/queues\/[A-Za-z0-9-]{1,100}$/,
  "a queue name like projects/P/locations/L/queues/Q",
);
export const topicName = matching(/^projects\/[^/\s]+\/topics\/[^/\s]+$/, "a topic name like projects/P/topics/T");
export const subscriptionName = matching(
  /^projects\/[^/\s]+\/subscriptions\/[^/\s]+$/,
  "a subscription name like projects/P/subscriptions/S",
);
export const serviceAccountEmail = matching(
  /^[^@\s]+@[^@\s]+\.[^@\s]+$/,
  "a service account's e-mail like name@project.iam.gserviceaccount.com",
);

export const subscriberName = matching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/, "a subscriber name like text-predictor");

/** A variable that holds a whole number between `min` and `max`, inclusive. */
export function integer(min: number, max: number) {
  const allowed = `a whole number from ${min} to ${max}`;
  return v.pipe(
    v.string(allowed),
    v.regex(/^-?\d{1,15}$/, allowed),
    v.transform(Number),
    v.minValue(min, allowed),
    v.maxValue(max, allowed),
  );
}

/** A variable with JSON of the given schema. */
export function json<S extends v.GenericSchema>(schema: S) {
  const parsed = v.rawTransform<string, unknown>(({ dataset, addIssue, NEVER }) => {
    try {
      return parseJson(Buffer.from(dataset.value), "The variable");
    } catch (error) {
      addIssue({ message: `JSON. ${(error as Error).message}` });
      return NEVER;
    }
  });
  return v.pipe(v.string("JSON"), parsed, schema);
}

/** Variables of every function. */
export const commonVariables = {
  /**
   * Project id, e.g. `my-project`. It links log entries to their traces. Cloud Functions does not
   * set it by itself.
   */
  GOOGLE_CLOUD_PROJECT: v.optional(projectId),
  /**
   * The function's own timeout, 1 to 3600. Calls to Google APIs end before it. Default 60, as in
   * Cloud Functions.
   */
  FUNCTION_TIMEOUT_SECONDS: v.optional(integer(1, 3600), String(DEFAULT_TIMEOUT_SECONDS)),
};

/** Variables of a function that Cloud Tasks calls. */
export const taskVariables = {
  ...commonVariables,
  /**
   * Attempts of a task before it goes to the dead letter topic, 1 to 1000. Without a topic it has
   * no effect. Default 12, the queue's default.
   */
  MAX_ATTEMPTS: v.optional(integer(1, 1000), "12"),
  /**
   * Topic for tasks that failed permanently. Without it only the queue's `max_attempts` ends
   * retries.
   */
  DEAD_LETTER_TOPIC: v.optional(topicName),
};

/** Variables of a function that a Pub/Sub subscription calls. */
export const messageVariables = {
  ...commonVariables,
  /**
   * Topic for messages that can never succeed. Without it the function rejects them, and the
   * subscription's own dead letter policy applies.
   */
  DEAD_LETTER_TOPIC: v.optional(topicName),
  /**
   * Subscription that brings back messages from the dead letter. Only its messages may say which
   * message they were at first.
   */
  REDRIVE_SUBSCRIPTION: v.optional(subscriptionName),
};

/** A function's variables. The schema checks and converts each string. */
export type EnvironmentSchema = v.ObjectSchema<v.ObjectEntries, undefined>;

/**
 * Checks a function's environment variables.
 *
 * @returns the variables that the schema names, converted.
 * @throws Error naming every bad variable, its value, and what is allowed.
 */
export function readEnvironment<S extends EnvironmentSchema>(schema: S, variables: Variables): v.InferOutput<S> {
  const result = v.safeParse(schema, variables);
  if (result.success) return result.output;
  const problems = result.issues.map((issue) => {
    const [name = "", ...inside] = (v.getDotPath(issue) ?? "").split(".");
    const value = variables[name];
    if (value === undefined) return `${name} is not set; allowed: ${allowedIn(schema, name)}`;
    const where = inside.length > 0 ? ` at ${inside.join(".")}` : "";
    return `${name} is ${JSON.stringify(value)}; allowed${where}: ${issue.message}`;
  });
  throw new Error(`Bad environment: ${problems.join(". ")}`);
}

/** The message of a variable's schema. */
function allowedIn({ entries }: EnvironmentSchema, name: string): string {
  const { message } = (entries[name] ?? {}) as { message?: unknown };
  return typeof message === "string" ? message : "a value";
}
