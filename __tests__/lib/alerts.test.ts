import { App } from "cdktf";
import { Duration } from "../../lib/core/duration";
import { Alerts } from "../../lib/parts/alerts";
import { TaskQueue } from "../../lib/parts/task-queue";
import { Topic } from "../../lib/parts/topic";
import { addStacks } from "../support/stacks";
import { all, errorsOf, type Json, testFunction, testStack } from "./support";

const ALERT = "google_monitoring_alert_policy";

const settings = {
  project: "acme-ml",
  region: "us-central1",
  environment: "dev",
  stateBucket: "",
  vertexEndpointId: "42",
  notificationEmails: ["ml@acme.com"],
  labels: {},
  schedule: "0 3 * * *",
  timeZone: "Etc/UTC",
  versionedBuckets: false,
  trainAs: "function" as const,
};
const app = new App({ stackTraces: false });
const stacks = addStacks(app, settings);

interface Condition {
  readonly filter: string;
  readonly threshold_value: number;
  readonly duration: string;
  readonly aggregations: readonly {
    readonly alignment_period: string;
    readonly per_series_aligner: string;
    readonly cross_series_reducer?: string;
  }[];
}

interface Policy {
  readonly display_name: string;
  readonly combiner: string;
  readonly conditions: readonly { readonly condition_threshold?: Condition }[];
}

const policies = (stack: Parameters<typeof all>[0]) => all(stack, ALERT) as unknown as Policy[];
/** On metrics: those on log entries have nothing to align. */
const conditionsOf = (policy: Policy) =>
  policy.conditions.flatMap(({ condition_threshold }) => (condition_threshold ? [condition_threshold] : []));
const metricOf = ({ filter }: Condition) => /metric\.type="([^"]+)"/.exec(filter)?.[1] ?? "";
const seconds = (text: string) => Number(text.replace("s", ""));

/** Kind and type of value. Source: https://cloud.google.com/monitoring/api/metrics_gcp */
const METRICS: Readonly<Record<string, readonly ["GAUGE" | "DELTA", "INT64" | "DISTRIBUTION", string]>> = {
  "cloudtasks.googleapis.com/queue/depth": ["GAUGE", "INT64", "cloud_tasks_queue"],
  "cloudtasks.googleapis.com/queue/task_attempt_count": ["DELTA", "INT64", "cloud_tasks_queue"],
  "cloudtasks.googleapis.com/queue/task_attempt_delays": ["DELTA", "DISTRIBUTION", "cloud_tasks_queue"],
  "dataflow.googleapis.com/job/is_failed": ["GAUGE", "INT64", "dataflow_job"],
  "pubsub.googleapis.com/subscription/num_undelivered_messages": ["GAUGE", "INT64", "pubsub_subscription"],
  "pubsub.googleapis.com/subscription/oldest_unacked_message_age": ["GAUGE", "INT64", "pubsub_subscription"],
  "pubsub.googleapis.com/subscription/push_request_count": ["DELTA", "INT64", "pubsub_subscription"],
  "run.googleapis.com/request_count": ["DELTA", "INT64", "cloud_run_revision"],
  "workflows.googleapis.com/finished_execution_count": ["DELTA", "INT64", "workflows.googleapis.com/Workflow"],
};

/** What an aligner takes. Source: `Aggregation.Aligner` in google/monitoring/v3/common.proto. */
const ALIGNERS: Readonly<Record<string, { kinds: readonly string[]; types: readonly string[] }>> = {
  ALIGN_DELTA: { kinds: ["CUMULATIVE", "DELTA"], types: ["INT64", "DOUBLE", "DISTRIBUTION"] },
  ALIGN_MAX: { kinds: ["GAUGE", "DELTA"], types: ["INT64", "DOUBLE"] },
  ALIGN_MIN: { kinds: ["GAUGE", "DELTA"], types: ["INT64", "DOUBLE"] },
  ALIGN_PERCENT_CHANGE: { kinds: ["GAUGE", "DELTA"], types: ["INT64", "DOUBLE"] },
  ALIGN_PERCENTILE_99: { kinds: ["GAUGE", "DELTA"], types: ["DISTRIBUTION"] },
};

const allPolicies = stacks.flatMap(policies);

test.each(allPolicies.map((policy) => [policy.display_name, policy] as const))(
  "%s: its metrics exist, and its aligners take them",
  (_name, policy) => {
    for (const condition of conditionsOf(policy)) {
      const known = METRICS[metricOf(condition)];
      if (!known) throw new Error(`${metricOf(condition)} is not in the table`);
      const [kind, type, resource] = known;
      for (const { per_series_aligner, alignment_period } of condition.aggregations) {
        expect(ALIGNERS[per_series_aligner]?.kinds).toContain(kind);
        expect(ALIGNERS[per_series_aligner]?.types).toContain(type);
        expect(seconds(alignment_period) % 60).toBe(0);
      }
      expect(condition.filter).toContain(`resource.type="${resource}"`);
      expect(seconds(condition.duration) % 60).toBe(0);
    }
  },
);

const ofMetric = (stack: Parameters<typeof all>[0], metric: string) =>
  policies(stack).filter((policy) => conditionsOf(policy).some((condition) => metricOf(condition).endsWith(metric)));

/** Whether a filter keeps a value of a label: `!=` a text or a `full_match`, or `=` a text. */
function keeps(filter: string, label: string, value: string): boolean {
  const [, operator, pattern, text] =
    new RegExp(`metric\\.labels\\.${label}(!?=)(?:monitoring\\.regex\\.full_match\\("([^"]+)"\\)|"([^"]+)")`).exec(
      filter,
    ) ?? [];
  if (!operator) return true;
  const regex = new RegExp(`^(?:${pattern?.replace("(?i)", "")})$`, pattern?.startsWith("(?i)") ? "i" : "");
  return (pattern ? regex.test(value) : value === text) === (operator === "=");
}

describe("work that reaches no function", () => {
  // Cloud Run's own count leaves out who is refused at the door and who finds no instance
  // ("excludes requests that are not reaching your container instances",
  // `run.googleapis.com/request_count`), so only callers can count those.
  test.each(["403", "404", "429", "500", "503", "PERMISSION_DENIED", "UNAVAILABLE"])(
    "an attempt of a queue that came to %s is counted",
    (code) => {
      for (const stack of stacks.filter((each) => all(each, "google_cloud_tasks_queue").length > 0)) {
        const [policy] = ofMetric(stack, "task_attempt_count");
        expect(conditionsOf(policy as Policy).every(({ filter }) => keeps(filter, "response_code", code))).toBe(true);
      }
    },
  );

  // Public alert policies disagree on how the label spells success.
  test.each(["200", "202", "204", "OK", "ok"])("an attempt of a queue that came to %s is not", (code) => {
    const [policy] = ofMetric(stacks[0] as (typeof stacks)[0], "task_attempt_count");
    expect(conditionsOf(policy as Policy).some(({ filter }) => keeps(filter, "response_code", code))).toBe(false);
  });

  // The classes: https://cloud.google.com/monitoring/api/metrics_gcp_p_z, push_request_count
  test("a push counts unless it is acknowledged", () => {
    const pushing = stacks.flatMap((stack) =>
      all(stack, "google_pubsub_subscription").filter((each) => each.push_config),
    );
    const alerts = stacks.flatMap((stack) => ofMetric(stack, "push_request_count"));
    expect(alerts).toHaveLength(pushing.length);
    for (const policy of alerts) {
      const [{ filter } = { filter: "" }] = conditionsOf(policy);
      const classes = ["remote_server_4xx", "remote_server_5xx", "unreachable", "deadline_exceeded", "ack"];
      expect(classes.filter((each) => keeps(filter, "response_class", each))).toEqual(classes.slice(0, -1));
    }
  });

  test.each([1, 60, 300, 1800, 3600])(
    "one task that is tried every %i seconds is there in each window, whatever code it comes to",
    (wait) => {
      const stack = testStack({ notificationEmails: ["a@acme.com"] });
      new TaskQueue(stack, "queue", { retry: { maxBackoff: Duration.seconds(wait) } });
      new Topic(stack, "topic").addPushSubscription("push", testFunction(stack), {
        maxBackoff: Duration.seconds(Math.min(600, Math.max(10, wait))),
      });
      expect(errorsOf(stack)).toEqual([]);
      for (const [policy, longest] of [
        [ofMetric(stack, "task_attempt_count")[0], wait],
        [ofMetric(stack, "push_request_count")[0], Math.min(600, wait)],
      ] as const) {
        const [condition] = conditionsOf(policy as Policy);
        const [{ alignment_period, cross_series_reducer } = { alignment_period: "0s" }] = condition?.aggregations ?? [];
        expect(seconds(alignment_period)).toBeGreaterThanOrEqual(2 * longest);
        expect([condition?.threshold_value, cross_series_reducer]).toEqual([0, "REDUCE_SUM"]);
        // A failure that passes is nobody's business.
        expect(seconds(condition?.duration ?? "")).toBeGreaterThanOrEqual(1800);
      }
    },
  );

  test("a queue that never empties and does not get shorter is told, one that is worked off is not", () => {
    const [policy] = ofMetric(stacks[0] as (typeof stacks)[0], "queue/depth");
    const [least, change] = conditionsOf(policy as Policy);
    expect(policy?.combiner).toBe("AND");
    /** By hours: whether both conditions are met in all of the last. */
    const fires = (depths: readonly number[]) =>
      depths.slice(1).every((depth, hour) => {
        const before = depths[hour] ?? 0;
        const percent = before === 0 ? (depth === 0 ? 0 : Number.POSITIVE_INFINITY) : (100 * (depth - before)) / before;
        return depth > Number(least?.threshold_value) && percent > Number(change?.threshold_value);
      });
    expect([fires([7, 7, 7]), fires([1, 5, 40])]).toEqual([true, true]);
    expect([fires([0, 0, 0]), fires([100_000, 60_000, 20_000]), fires([5, 0, 0])]).toEqual([false, false, false]);
    expect([least, change].map((each) => each?.aggregations[0]?.per_series_aligner)).toEqual([
      "ALIGN_MIN",
      "ALIGN_PERCENT_CHANGE",
    ]);
  });
});

test("messages are told of before they expire, whoever should fetch them", () => {
  for (const stack of stacks) {
    const subscriptions = all(stack, "google_pubsub_subscription") as Json[];
    const alerts = ofMetric(stack, "oldest_unacked_message_age").flatMap(conditionsOf);
    for (const { name, message_retention_duration } of subscriptions) {
      const condition = alerts.find(({ filter }) => filter.includes(`subscription_id="${name}"`));
      expect(condition?.threshold_value).toBe(seconds(String(message_retention_duration)) / 2);
    }
  }
});

test("jobs that fail are told of, launched ones by the beginning of their names", () => {
  const stack = stacks.find((each) => all(each, "google_dataflow_job").length > 0);
  const filters = ofMetric(stack as (typeof stacks)[0], "job/is_failed").flatMap(conditionsOf);
  expect(filters.map(({ filter }) => /job_name=(.*)$/.exec(filter)?.[1]).sort()).toEqual([
    '"scheduled-preprocessing-job-dev"',
    'starts_with("preprocessing-dev-")',
    'starts_with("preprocessing-flowers-dev-")',
  ]);
});

test("what clients do wrong wakes nobody: functions are told of by 5xx alone", () => {
  const counted = stacks.flatMap((stack) => ofMetric(stack, "request_count")).flatMap(conditionsOf);
  const byFunction = counted.filter((condition) => metricOf(condition).startsWith("run."));
  expect(byFunction.length).toBeGreaterThan(5);
  for (const { filter } of byFunction) {
    expect(["4xx", "5xx"].filter((each) => keeps(filter, "response_code_class", each))).toEqual(["5xx"]);
  }
});

test.each([
  ["window", { window: Duration.seconds(30) }, "window of the alert is 0.5 minutes"],
  ["window", { window: Duration.hours(26) }, "window of the alert is 1560 minutes"],
  ["lasting", { lasting: Duration.seconds(90) }, "lasting of the alert is 1.5 minutes"],
  ["lasting", { lasting: Duration.hours(24) }, "lasting of the alert is 1440 minutes"],
])("a %s that Cloud Monitoring does not know is reported", (_name, times, message) => {
  const stack = testStack({ notificationEmails: ["a@acme.com"] });
  const props = { title: "Mine", runbook: "Look", filter: 'metric.type="a"', aligner: "ALIGN_MAX", threshold: 3 };
  Alerts.of(stack).add(stack, { ...props, ...times });
  expect(errorsOf(stack)).toEqual([expect.stringContaining(`OutOfRange: ${message}`)]);
});
