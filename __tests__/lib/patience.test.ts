import { Duration } from "../../lib/core/duration";
import { DataflowTemplate } from "../../lib/parts/dataflow-template";
import { DeadLetter } from "../../lib/parts/dead-letter";
import { PredictionEndpoint } from "../../lib/parts/prediction-endpoint";
import { Schedule, ScheduleTarget } from "../../lib/parts/schedule";
import { TaskQueue } from "../../lib/parts/task-queue";
import { Topic } from "../../lib/parts/topic";
import { AsyncBatch } from "../../lib/patterns/async-batch";
import { EventWorkflow } from "../../lib/patterns/event-workflow";
import { PubSubFanout } from "../../lib/patterns/pubsub-fanout";
import { ScheduledPreprocessing } from "../../lib/patterns/scheduled-preprocessing";
import { TaskPipeline } from "../../lib/patterns/task-pipeline";
import { backoff } from "../../packages/emulator/src/core/backoff";
import { all, helloSource, type Json, only, testFunction, testStack } from "./support";

// Quotas a minute, endpoints that grow, and new grants (2 minutes, sometimes 7 or more:
// https://cloud.google.com/iam/docs/access-change-propagation) take up to ten minutes. What is tried again by default is tried for
// longer than that before it ends in a dead letter or is dropped.
const TEN_MINUTES = 600;

const seconds = (text: unknown) => Number(String(text).replace(/s$/, ""));

/**
 * Seconds from the first attempt to the last of so many. Source of the formula:
 * `RetryConfig.max_doublings`, see `backoff`.
 */
function lasts(attempts: number, { min, max, doublings }: { min: unknown; max: unknown; doublings: number }): number {
  const settings = { min: seconds(min), max: seconds(max), maxDoublings: doublings };
  return Array.from({ length: attempts - 1 }, (_, index) => backoff(index + 1, settings)).reduce((a, b) => a + b, 0);
}

function lastsOfQueue({ retry_config }: Json, attempts: number): number {
  const { min_backoff: min, max_backoff: max, max_doublings } = retry_config as Json;
  return lasts(attempts, { min, max, doublings: Number(max_doublings) });
}

/** The budget that a worker counts, since the queue itself never gives up. */
const budget = (stack: ReturnType<typeof testStack>) =>
  all(stack, "google_cloudfunctions2_function").flatMap(({ service_config }) => {
    const { MAX_ATTEMPTS } = (service_config as Json).environment_variables as Json;
    return MAX_ATTEMPTS === undefined ? [] : [Number(MAX_ATTEMPTS)];
  });

test("a queue that drops tasks tries for longer than ten minutes by default", () => {
  const stack = testStack();
  new TaskQueue(stack, "queue");
  const queue = only(stack, "google_cloud_tasks_queue");
  expect(lastsOfQueue(queue, Number((queue.retry_config as Json).max_attempts))).toBeGreaterThanOrEqual(TEN_MINUTES);
});

test.each<[string, (stack: ReturnType<typeof testStack>) => void]>([
  [
    "a queue with a dead letter",
    (stack) => {
      const queue = new TaskQueue(stack, "queue", { deadLetter: new DeadLetter(stack, "dead-letter") });
      queue.dispatchTo(testFunction(stack));
    },
  ],
  [
    "AsyncBatch",
    (stack) => new AsyncBatch(stack, "batch", { endpoint: new PredictionEndpoint(stack, "endpoint", "42") }),
  ],
  [
    "ScheduledPreprocessing",
    (stack) =>
      new ScheduledPreprocessing(stack, "preprocessing", {
        template: DataflowTemplate.classic("gs://templates/t"),
        parameters: (output) => ({ output }),
        schedule: { cron: "0 3 * * *" },
      }),
  ],
])("%s: the worker's budget lasts for longer than ten minutes by default", (_name, create) => {
  const stack = testStack();
  create(stack);
  const [attempts = 0] = budget(stack);
  expect(lastsOfQueue(only(stack, "google_cloud_tasks_queue"), attempts)).toBeGreaterThanOrEqual(TEN_MINUTES);
});

test("the pipeline's queue has the numbers of its document, which last for 15 seconds, and takes longer ones", () => {
  const stack = testStack();
  new TaskPipeline(stack, "pipeline", { steps: { train: { source: helloSource } } });
  expect(lastsOfQueue(only(stack, "google_cloud_tasks_queue"), Math.min(...budget(stack)))).toBe(15);
  const patient = testStack();
  new TaskPipeline(patient, "pipeline", {
    steps: { train: { source: helloSource } },
    retry: { maxAttempts: 12, maxBackoff: Duration.minutes(5) },
  });
  expect(lastsOfQueue(only(patient, "google_cloud_tasks_queue"), Math.min(...budget(patient)))).toBeGreaterThanOrEqual(
    TEN_MINUTES,
  );
});

// The curve between minimum and maximum is not documented; doubling is what Google calls
// exponential.
test.each<[string, (stack: ReturnType<typeof testStack>) => void]>([
  [
    "a push subscription",
    (stack) =>
      new Topic(stack, "topic").addPushSubscription("push", testFunction(stack), {
        deadLetter: new DeadLetter(stack, "dead"),
      }),
  ],
  [
    "a pull subscription",
    (stack) => new Topic(stack, "topic").addPullSubscription("pull", { deadLetter: new DeadLetter(stack, "dead") }),
  ],
  ["PubSubFanout", (stack) => new PubSubFanout(stack, "fanout", { subscribers: { all: { source: helloSource } } })],
  [
    "EventWorkflow",
    (stack) => new EventWorkflow(stack, "workflow", { endpoint: new PredictionEndpoint(stack, "endpoint", "42") }),
  ],
])("%s: messages are delivered for longer than ten minutes by default", (_name, create) => {
  const stack = testStack();
  create(stack);
  const forwarding = all(stack, "google_pubsub_subscription").filter((each) => each.dead_letter_policy !== undefined);
  expect(forwarding.length).toBeGreaterThan(0);
  for (const { retry_policy, dead_letter_policy } of forwarding) {
    const { minimum_backoff: min, maximum_backoff: max } = retry_policy as Json;
    const { max_delivery_attempts } = dead_letter_policy as Json;
    expect(lasts(Number(max_delivery_attempts), { min, max, doublings: 16 })).toBeGreaterThanOrEqual(TEN_MINUTES);
  }
});

test("a schedule tries for longer than ten minutes by default", () => {
  const stack = testStack();
  const target = ScheduleTarget.invoke(testFunction(stack), {});
  new Schedule(stack, "schedule", { cron: "0 3 * * *", target });
  const { retry_config } = only(stack, "google_cloud_scheduler_job");
  const { retry_count, min_backoff_duration: min, max_backoff_duration: max, max_doublings } = retry_config as Json;
  expect(lasts(Number(retry_count) + 1, { min, max, doublings: Number(max_doublings) })).toBeGreaterThanOrEqual(
    TEN_MINUTES,
  );
});

test("whoever predicts for a subscription has five minutes, and so has Pub/Sub's deadline", () => {
  const stack = testStack();
  const endpoint = new PredictionEndpoint(stack, "endpoint", "42");
  new PubSubFanout(stack, "fanout", {
    subscribers: { text: { source: helloSource, endpoint }, audit: { source: helloSource } },
  });
  const timeouts = (name: string) => [
    (only(stack, "google_cloudfunctions2_function", `stack-fanout-${name}-worker-dev`).service_config as Json)
      .timeout_seconds,
    only(stack, "google_pubsub_subscription", `stack-fanout-${name}-dev`).ack_deadline_seconds,
  ];
  expect([timeouts("text"), timeouts("audit")]).toEqual([
    [300, 300],
    [60, 60],
  ]);
});
