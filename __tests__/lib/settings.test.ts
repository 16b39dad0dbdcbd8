import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ValidationErrors } from "../../lib/core/validation";
import { readSettings } from "../../lib/settings";
import { type Json, testApp } from "./support";

const context = JSON.parse(readFileSync(join(process.cwd(), "cdktf.json"), "utf8")).context;

function settings(overrides: Json = {}, variables: Record<string, string> = {}) {
  return readSettings(testApp({ ...context, ...overrides }), variables);
}

/** The errors of bad settings, a line for each. */
function problems(overrides: Json, variables: Record<string, string> = {}): string[] {
  try {
    settings(overrides, variables);
  } catch (error) {
    return (error as ValidationErrors).problems.map(({ message }) => message);
  }
  return [];
}

const ENDPOINT =
  "the id of a Vertex AI endpoint, 1 to 63 of a-z, 0-9 and -, beginning with a letter and not ending with -, or 1 to 20 digits without a leading zero";

test("out of the box the settings are the documents' placeholders", () => {
  expect(settings()).toEqual({
    project: "my-gcp-project",
    region: "us-central1",
    environment: "dev",
    stateBucket: "",
    vertexEndpointId: "1234567890",
    vertexEndpointHost: undefined,
    notificationEmails: [],
    labels: {},
    schedule: "0 3 * * *",
    timeZone: "Etc/UTC",
    accessLogBucket: undefined,
    versionedBuckets: false,
    trainAs: "function",
  });
});

test("every setting is read from the context", () => {
  const other = {
    project: "acme-ml",
    region: "europe-west6",
    environment: "prod",
    stateBucket: "acme-state",
    vertexEndpointId: "mg-42",
    vertexEndpointHost: "mg-42.europe-west6-7.prediction.vertexai.goog",
    notificationEmails: ["ml@acme.com"],
    labels: { team: "vision" },
    schedule: "*/5 * * * *",
    timeZone: "Europe/Zurich",
    accessLogBucket: "acme-logs",
    versionedBuckets: true,
    trainAs: "vertex",
  };
  expect(settings(other)).toEqual(other);
});

test.each<[string, string, unknown]>([
  ["GOOGLE_PROJECT", "acme-ml", { project: "acme-ml" }],
  ["GOOGLE_CLOUD_PROJECT", "acme-ml", { project: "acme-ml" }],
  ["GCLOUD_PROJECT", "acme-ml", { project: "acme-ml" }],
  ["CLOUDSDK_CORE_PROJECT", "example.com:acme-ml", { project: "example.com:acme-ml" }],
  ["GOOGLE_REGION", "europe-west6", { region: "europe-west6" }],
  ["GCLOUD_REGION", "europe-west6", { region: "europe-west6" }],
  ["CLOUDSDK_COMPUTE_REGION", "europe-west6", { region: "europe-west6" }],
  ["DEPLOY_ENVIRONMENT", "prod", { environment: "prod" }],
  ["STATE_BUCKET", "acme-state", { stateBucket: "acme-state" }],
  ["VERTEX_ENDPOINT_ID", "42", { vertexEndpointId: "42" }],
  [
    "VERTEX_ENDPOINT_HOST",
    "42.us-central1-7.prediction.vertexai.goog",
    { vertexEndpointHost: "42.us-central1-7.prediction.vertexai.goog" },
  ],
  ["NOTIFICATION_EMAILS", "a@acme.com, b@acme.com", { notificationEmails: ["a@acme.com", "b@acme.com"] }],
  ["LABELS", "team=vision, cost=", { labels: { team: "vision", cost: "" } }],
  ["SCHEDULE", "every 5 minutes", { schedule: "every 5 minutes" }],
  ["SCHEDULE_TIME_ZONE", "Europe/Zurich", { timeZone: "Europe/Zurich" }],
  ["ACCESS_LOG_BUCKET", "acme-logs", { accessLogBucket: "acme-logs" }],
  ["VERSIONED_BUCKETS", "true", { versionedBuckets: true }],
  ["TRAIN_AS", "vertex", { trainAs: "vertex" }],
])("the environment variable %s overrides the context", (variable, value, expected) => {
  expect(settings({}, { [variable]: value })).toEqual({ ...settings(), ...(expected as Json) });
});

test("of several variables the provider's first one counts, and an empty one counts for nothing", () => {
  const variables = { GOOGLE_PROJECT: "", GCLOUD_PROJECT: "third-place", GOOGLE_CLOUD_PROJECT: "second-place" };
  expect(settings({}, variables).project).toBe("second-place");
  expect(settings({}, { GOOGLE_PROJECT: "" }).project).toBe("my-gcp-project");
});

test("lists, labels and trainAs may be left out", () => {
  expect(settings({ notificationEmails: undefined, labels: undefined, trainAs: undefined })).toEqual(settings());
});

const PROJECT = "a project id: 6 to 30 of a-z, 0-9 and -, beginning with a letter";
const BUCKET = "the name of a Cloud Storage bucket without gs://, or nothing for a local state file";
const CRON = `five fields of unix-cron such as "0 3 * * *" (numbers, JAN to DEC, SUN to SAT, lists, ranges, and steps behind * or a range), or App Engine's notation such as "every 5 minutes" or "every monday 09:00"`;
const LABELS = "keys and values of a-z, 0-9, _ and -, as key=value,key=value in the variable";

/** Setting, bad value, what is allowed, where to set it. */
const BAD: readonly [string, unknown, string, string][] = [
  ["project", "Acme", PROJECT, "GOOGLE_PROJECT or GOOGLE_CLOUD_PROJECT or GCLOUD_PROJECT or CLOUDSDK_CORE_PROJECT"],
  ["region", "mars", "a region such as us-central1", "GOOGLE_REGION or GCLOUD_REGION or CLOUDSDK_COMPUTE_REGION"],
  ["environment", "dev-", "1 to 12 of a-z, 0-9 and -", "DEPLOY_ENVIRONMENT"],
  ["stateBucket", "gs://acme-state", BUCKET, "STATE_BUCKET"],
  ["vertexEndpointId", "my_endpoint", ENDPOINT, "VERTEX_ENDPOINT_ID"],
  ["vertexEndpointId", 1234567890, ENDPOINT, "VERTEX_ENDPOINT_ID"],
  [
    "vertexEndpointHost",
    "https://1234567890.us-central1-7.prediction.vertexai.goog",
    "the dedicatedEndpointDns of a dedicated Vertex AI endpoint without https://, or nothing for one on the shared host",
    "VERTEX_ENDPOINT_HOST",
  ],
  [
    "notificationEmails",
    ["ml@acme.com", "nobody"],
    "a list of e-mail addresses, separated by commas in the variable",
    "NOTIFICATION_EMAILS",
  ],
  ["labels", { Team: "vision" }, LABELS, "LABELS"],
  ["labels", { team: "Vision!" }, LABELS, "LABELS"],
  ["labels", "team=vision", LABELS, "LABELS"],
  ["labels", ["vision"], LABELS, "LABELS"],
  ["labels", { team: ["vision"] }, LABELS, "LABELS"],
  ["trainAs", "spark", "function or vertex", "TRAIN_AS"],
];

test.each(BAD)(
  "a bad %s (%j) names its value, what is allowed and where to set it",
  (name, value, allowed, variables) => {
    expect(problems({ [name]: value })).toEqual([
      `InvalidSetting: ${name} is ${JSON.stringify(value)} (from cdktf.json, context); allowed is ${allowed}; set "${name}" in cdktf.json, context, or ${variables}`,
    ]);
  },
);

test.each(["project", "region", "environment", "stateBucket", "vertexEndpointId", "schedule", "timeZone"])(
  "a missing %s says that it is not set, once",
  (name) => {
    expect(problems({ [name]: undefined })).toEqual([
      expect.stringContaining(`InvalidSetting: ${name} is not set (from cdktf.json, context); allowed is `),
    ]);
  },
);

test.each([
  ["GOOGLE_CLOUD_PROJECT", "Acme", "project"],
  ["NOTIFICATION_EMAILS", "ml@acme.com,", "notificationEmails"],
  ["LABELS", "team", "labels"],
])("a bad value of the variable %s names the variable", (variable, value, name) => {
  expect(problems({}, { [variable]: value })).toEqual([
    expect.stringContaining(
      `InvalidSetting: ${name} is ${JSON.stringify(value)} (from the environment variable ${variable}); allowed is `,
    ),
  ]);
});

const WHERE = "set schedule and timeZone in cdktf.json, context, or SCHEDULE and SCHEDULE_TIME_ZONE";

test.each(["0 3 * *", "61 3 * * *", "daily", "0 3 * * * *"])('"%s" is no schedule', (schedule) => {
  expect(problems({ schedule })).toEqual([`InvalidSetting: schedule is "${schedule}"; allowed are ${CRON}; ${WHERE}`]);
});

test("a time zone that no database has is refused", () => {
  expect(problems({ timeZone: "Europe/Zürich" })).toEqual([
    `InvalidSetting: time zone is "Europe/Zürich"; allowed is a name of the tz database such as Europe/Zurich; ${WHERE}`,
  ]);
});

test("all bad settings are reported at once", () => {
  const bad = { project: "Acme", region: "mars", labels: 5, schedule: "never", timeZone: "Mars" };
  expect(problems(bad, { STATE_BUCKET: "gs://a" }).map((line) => line.split(" ")[1])).toEqual([
    "project",
    "region",
    "stateBucket",
    "labels",
    "schedule",
    "time",
  ]);
  expect(() => settings(bad)).toThrow(ValidationErrors);
  expect(() => settings(bad)).toThrow(/^5 problems:\n {2}InvalidSetting: project/);
});
