import type { App } from "cdktf";
import { BUCKET_NAME, ENVIRONMENT, LABEL_KEY, LABEL_VALUE, PROJECT_ID, REGION } from "./core/deployment";
import { ValidationError, ValidationErrors } from "./core/validation";
import { ALLOWED_ENDPOINT_ID, ENDPOINT_ID } from "./parts/prediction-endpoint";
import { scheduleRules } from "./parts/schedule-time";

/** The values in which deployments differ. */
export interface Settings {
  readonly project: string;
  readonly region: string;
  readonly environment: string;
  /** Empty for a local state file. */
  readonly stateBucket: string;
  readonly vertexEndpointId: string;
  /**
   * `dedicatedEndpointDns` of a dedicated endpoint, without `https://`.
   * @default - the endpoint is on the shared host
   */
  readonly vertexEndpointHost?: string;
  readonly notificationEmails: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** When recurring work runs: five fields of unix-cron. */
  readonly schedule: string;
  readonly timeZone: string;
  /**
   * Name of the bucket that receives the usage logs of all buckets.
   * @default - no usage logs
   */
  readonly accessLogBucket?: string;
  /** Whether buckets keep noncurrent versions. */
  readonly versionedBuckets: boolean;
  /** Where the stack `task-pipeline` trains its model: in a function, or as a job of Vertex AI. */
  readonly trainAs: "function" | "vertex";
}

type Variables = Readonly<Record<string, string | undefined>>;

interface TextSetting {
  /**
   * Environment variables that set it. The first one that is set wins. Google's provider reads the
   * same ones.
   */
  readonly variables: readonly string[];
  readonly pattern: RegExp;
  readonly allowed: string;
  /**
   * Value where cdktf.json has none.
   * @default - none: cdktf.json must have one
   */
  readonly fallback?: string;
}

const OPTIONAL_BUCKET_NAME = new RegExp(`^$|${BUCKET_NAME.source}`);

const TEXT: Readonly<
  Record<
    | "project"
    | "region"
    | "environment"
    | "stateBucket"
    | "vertexEndpointId"
    | "vertexEndpointHost"
    | "schedule"
    | "timeZone"
    | "accessLogBucket"
    | "trainAs",
    TextSetting
  >
> = {
  project: {
    variables: ["GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"],
    pattern: PROJECT_ID,
    allowed: "a project id: 6 to 30 of a-z, 0-9 and -, beginning with a letter",
  },
  region: {
    variables: ["GOOGLE_REGION", "GCLOUD_REGION", "CLOUDSDK_COMPUTE_REGION"],
    pattern: REGION,
    allowed: "a region such as us-central1",
  },
  environment: {
    variables: ["DEPLOY_ENVIRONMENT"],
    pattern: ENVIRONMENT,
    allowed: "1 to 12 of a-z, 0-9 and -",
  },
  stateBucket: {
    variables: ["STATE_BUCKET"],
    pattern: OPTIONAL_BUCKET_NAME,
    allowed: "the name of a Cloud Storage bucket without gs://, or nothing for a local state file",
  },
  vertexEndpointId: {
    variables: ["VERTEX_ENDPOINT_ID"],
    pattern: ENDPOINT_ID,
    allowed: `the id of a Vertex AI endpoint, ${ALLOWED_ENDPOINT_ID}`,
  },
  vertexEndpointHost: {
    variables: ["VERTEX_ENDPOINT_HOST"],
    pattern: /^([a-z0-9-]+\.[a-z0-9-]+\.prediction\.vertexai\.goog)?$/,
    allowed:
      "the dedicatedEndpointDns of a dedicated Vertex AI endpoint without https://, or nothing for one on the shared host",
  },
  schedule: { variables: ["SCHEDULE"], pattern: /\S/, allowed: "five fields of unix-cron" },
  timeZone: { variables: ["SCHEDULE_TIME_ZONE"], pattern: /\S/, allowed: "a name of the tz database" },
  accessLogBucket: {
    variables: ["ACCESS_LOG_BUCKET"],
    pattern: OPTIONAL_BUCKET_NAME,
    allowed: "the name of a Cloud Storage bucket without gs://, or nothing for no usage logs",
  },
  trainAs: {
    variables: ["TRAIN_AS"],
    pattern: /^(function|vertex)$/,
    allowed: "function or vertex",
    fallback: "function",
  },
};

/**
 * Reads the settings from `context` in cdktf.json. An environment variable overrides each of them.
 *
 * @throws ValidationErrors InvalidSetting for each bad setting: its name, its value, what is
 *   allowed and where to set it
 */
export function readSettings(app: App, variables: Variables = process.env): Settings {
  const problems: ValidationError[] = [];
  const reader = new Reader(app, variables, problems);
  const settings: Settings = {
    project: reader.text("project"),
    region: reader.text("region"),
    environment: reader.text("environment"),
    stateBucket: reader.text("stateBucket"),
    vertexEndpointId: reader.text("vertexEndpointId"),
    vertexEndpointHost: reader.text("vertexEndpointHost") || undefined,
    notificationEmails: reader.list(
      "notificationEmails",
      "NOTIFICATION_EMAILS",
      /^[^\s@,]+@[^\s@,]+\.[^\s@,]+$/,
      "e-mail addresses",
    ),
    labels: reader.map("labels", "LABELS"),
    schedule: reader.text("schedule"),
    timeZone: reader.text("timeZone"),
    accessLogBucket: reader.text("accessLogBucket") || undefined,
    versionedBuckets: reader.flag("versionedBuckets", "VERSIONED_BUCKETS"),
    trainAs: reader.text("trainAs") === "vertex" ? "vertex" : "function",
  };
  // A missing value was reported above.
  for (const rule of scheduleRules(settings.schedule || "* * * * *", settings.timeZone || "Etc/UTC")) {
    if (rule.broken)
      problems.push(
        new ValidationError(
          "InvalidSetting",
          `${rule.message}; set schedule and timeZone in cdktf.json, context, or SCHEDULE and SCHEDULE_TIME_ZONE`,
        ),
      );
  }
  if (problems.length > 0) throw new ValidationErrors(problems);
  return settings;
}

class Reader {
  constructor(
    private readonly app: App,
    private readonly variables: Variables,
    private readonly problems: ValidationError[],
  ) {}

  text(name: keyof typeof TEXT): string {
    const { variables, pattern, allowed, fallback }: TextSetting = TEXT[name];
    const variable = variables.find((candidate) => this.variables[candidate]);
    const value = variable ? this.variables[variable] : (this.app.node.tryGetContext(name) ?? fallback);
    if (typeof value === "string" && pattern.test(value)) return value;
    this.refuse(name, variable, variables, value, allowed);
    return "";
  }

  flag(name: string, variable: string): boolean {
    const given = this.variables[variable];
    const value: unknown = given || this.app.node.tryGetContext(name);
    if (["true", "false"].includes(String(value))) return String(value) === "true";
    this.refuse(name, given ? variable : undefined, [variable], value, "true or false");
    return false;
  }

  list(name: string, variable: string, pattern: RegExp, allowed: string): string[] {
    const given = this.variables[variable];
    const value: unknown = given
      ? given.split(",").map((item) => item.trim())
      : (this.app.node.tryGetContext(name) ?? []);
    if (Array.isArray(value) && value.every((item) => typeof item === "string" && pattern.test(item))) return value;
    this.refuse(
      name,
      given ? variable : undefined,
      [variable],
      given ?? value,
      `a list of ${allowed}, separated by commas in the variable`,
    );
    return [];
  }

  map(name: string, variable: string): Record<string, string> {
    const given = this.variables[variable];
    const value: unknown = given ? parsePairs(given) : (this.app.node.tryGetContext(name) ?? {});
    const valid =
      typeof value === "object" &&
      value !== null &&
      Object.entries(value).every(
        ([key, item]) => typeof item === "string" && LABEL_KEY.test(key) && LABEL_VALUE.test(item),
      );
    if (valid) return value as Record<string, string>;
    this.refuse(
      name,
      given ? variable : undefined,
      [variable],
      given ?? value,
      "keys and values of a-z, 0-9, _ and -, as key=value,key=value in the variable",
    );
    return {};
  }

  private refuse(
    name: string,
    variable: string | undefined,
    variables: readonly string[],
    value: unknown,
    allowed: string,
  ): void {
    const given = value === undefined ? "not set" : JSON.stringify(value);
    const source = variable ? `the environment variable ${variable}` : "cdktf.json, context";
    this.problems.push(
      new ValidationError(
        "InvalidSetting",
        `${name} is ${given} (from ${source}); allowed is ${allowed}; set "${name}" in cdktf.json, context, or ${variables.join(" or ")}`,
      ),
    );
  }
}

/** Parses `a=1,b=2`. Undefined where a part is not a pair. */
function parsePairs(text: string): Record<string, string> | undefined {
  const pairs = text.split(",").map((pair) => pair.trim().split("="));
  return pairs.every((pair) => pair.length === 2) ? (Object.fromEntries(pairs) as Record<string, string>) : undefined;
}
