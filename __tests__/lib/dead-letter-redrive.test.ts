import { Duration } from "../../lib/core/duration";
import { externalGrantee } from "../../lib/core/grantee";
import { DataflowTemplate } from "../../lib/parts/dataflow-template";
import { DeadLetter } from "../../lib/parts/dead-letter";
import { DeadLetterRedrive } from "../../lib/parts/dead-letter-redrive";
import { Filter } from "../../lib/parts/filter";
import { FunctionService } from "../../lib/parts/function-service";
import { TaskQueue } from "../../lib/parts/task-queue";
import { Topic } from "../../lib/parts/topic";
import { PubSubFanout } from "../../lib/patterns/pubsub-fanout";
import { ScheduledPreprocessing } from "../../lib/patterns/scheduled-preprocessing";
import { grantLines } from "./iam";
import { all, environmentOf, errorsOf, helloSource, type Json, testFunction, testStack } from "./support";

const client = externalGrantee("group:ml@acme.com");

const originsIn = (stack: ReturnType<typeof testStack>) =>
  JSON.parse(environmentOf(stack, "stack-redrive-dev").ORIGINS ?? "");

test("a queue with one worker needs neither URLs nor identities of it", () => {
  const stack = testStack();
  const deadLetter = new DeadLetter(stack, "dead");
  const queue = new TaskQueue(stack, "queue", { deadLetter });
  queue.dispatchTo(testFunction(stack, "worker"));
  new DeadLetterRedrive(stack, "redrive", {
    sources: [{ deadLetter, queue, dispatchDeadline: Duration.minutes(20) }],
    client,
  });
  expect(originsIn(stack)).toEqual([
    {
      kept: "projects/acme-ml/subscriptions/stack-dead-kept-dev",
      queues: {
        "stack-queue-dev": {
          name: "projects/acme-ml/locations/us-central1/queues/stack-queue-dev",
          workers: { "stack-worker-dev": { deadlineSeconds: 1200 } },
        },
      },
      topics: {},
    },
  ]);
  expect(grantLines(stack, "stack-redrive-dev")).toEqual([
    "group:ml@acme.com | roles/run.invoker | function stack-redrive-dev",
    "stack-redrive-dev | roles/cloudtasks.enqueuer | queue stack-queue-dev",
    "stack-redrive-dev | roles/pubsub.subscriber | subscription stack-dead-kept-dev",
  ]);
});

test("where tasks carry tokens, the function may act as the dispatcher", () => {
  const stack = testStack();
  const deadLetter = new DeadLetter(stack, "dead");
  const queue = new TaskQueue(stack, "queue", { deadLetter });
  queue.addTarget(testFunction(stack, "one"));
  queue.addTarget(testFunction(stack, "two"));
  new DeadLetterRedrive(stack, "redrive", { sources: [{ deadLetter, queue }] });
  const { tokenIdentity, workers } = originsIn(stack)[0].queues["stack-queue-dev"];
  expect(tokenIdentity).toMatch(/^\$\{google_service_account\..*\.email\}$/);
  expect(Object.entries(workers)).toEqual(
    ["one", "two"].map((name) => [
      `stack-${name}-dev`,
      { url: expect.stringContaining(`google_cloudfunctions2_function.${name}_`), deadlineSeconds: 60 },
    ]),
  );
  expect(grantLines(stack, "roles/iam.serviceAccountUser")).toContainEqual(
    expect.stringMatching(
      /^stack-redrive-dev \| roles\/iam.serviceAccountUser \| service account stack-queue-dispatcher/,
    ),
  );
});

test("a subscription gets another one for its worker alone, with its settings and without its filter", () => {
  const stack = testStack();
  const deadLetter = new DeadLetter(stack, "dead");
  const worker = testFunction(stack, "worker");
  const subscription = new Topic(stack, "topic").addPushSubscription("text", worker, {
    name: "texts",
    deadLetter,
    filter: Filter.equals("modality", "text"),
    ordered: true,
    maxDeliveryAttempts: 7,
    maxBackoff: Duration.minutes(1),
  });
  new DeadLetterRedrive(stack, "redrive", { sources: [{ deadLetter, subscription }] });
  const [first, again] = ["texts", "stack-text-redrive-again-dev"].map((name) =>
    all(stack, "google_pubsub_subscription").find((each) => each.name === name),
  ) as [Json, Json];
  const { name: _, topic, filter, depends_on, ...settings } = first;
  expect(again).toMatchObject(settings);
  expect(again).not.toHaveProperty("filter");
  expect(again.topic).not.toBe(topic);
  const full = "projects/acme-ml/topics/stack-text-redrive-dev";
  expect(originsIn(stack)[0].topics).toEqual({ texts: full, "stack-text-redrive-again-dev": full });
  expect(environmentOf(stack, "stack-worker-dev").REDRIVE_SUBSCRIPTION).toBe(
    "projects/acme-ml/subscriptions/stack-text-redrive-again-dev",
  );
  // Else the topic would lose what is put back during the first apply.
  const [publisher] = all(stack, "google_pubsub_topic_iam_member").filter(({ member }) =>
    String(member).includes("redrive"),
  );
  expect(publisher?.depends_on).toEqual([
    expect.stringMatching(/^google_pubsub_subscription\.topic_text_redrive_again_/),
  ]);
});

test("sources of one dead letter are looked for in one table", () => {
  const stack = testStack();
  const deadLetter = new DeadLetter(stack, "dead");
  const topic = new Topic(stack, "topic");
  const queue = new TaskQueue(stack, "queue", { deadLetter });
  queue.dispatchTo(testFunction(stack, "worker"));
  const subscription = topic.addPullSubscription("pulled", { deadLetter });
  new DeadLetterRedrive(stack, "redrive", {
    sources: [
      { deadLetter, queue },
      { deadLetter, subscription, consumer: client },
    ],
  });
  expect(originsIn(stack)).toMatchObject([
    { queues: { "stack-queue-dev": {} }, topics: { "stack-pulled-dev": expect.any(String) } },
  ]);
  expect(grantLines(stack, "ml@acme.com")).toEqual([
    "group:ml@acme.com | roles/pubsub.subscriber | subscription stack-pulled-redrive-again-dev",
  ]);
});

test("a queue's workers, and a source, may come later", () => {
  const stack = testStack();
  const [deadLetter, late] = [new DeadLetter(stack, "dead"), new DeadLetter(stack, "late")];
  const queue = new TaskQueue(stack, "queue", { deadLetter });
  const redrive = new DeadLetterRedrive(stack, "redrive", { sources: [{ deadLetter, queue }] });
  queue.addTarget(testFunction(stack, "one"));
  queue.addTarget(testFunction(stack, "${two}"));
  const subscription = new Topic(stack, "topic").addPullSubscription("pulled", { deadLetter: late });
  redrive.addSource({ deadLetter: late, subscription, consumer: client });
  expect(errorsOf(stack)).toEqual([]);
  const [first, second] = originsIn(stack);
  expect(Object.keys(first.queues["stack-queue-dev"].workers)).toEqual(["stack-one-dev", "stack-two-dev"]);
  expect(first.queues["stack-queue-dev"].tokenIdentity).toMatch(/^\$\{google_service_account\./);
  expect(second).toEqual({
    kept: "projects/acme-ml/subscriptions/stack-late-kept-dev",
    queues: {},
    topics: { "stack-pulled-dev": expect.any(String), "stack-pulled-redrive-again-dev": expect.any(String) },
  });
  expect(grantLines(stack, "stack-redrive-dev | roles/pubsub.subscriber")).toHaveLength(2);
});

test("without any dead letter there is nothing to put back", () => {
  const stack = testStack();
  new DeadLetterRedrive(stack, "redrive", { sources: [] });
  expect(errorsOf(stack)).toEqual([
    "[stack/redrive] InvalidValue: sources is empty; allowed are 1 or more dead letters, also by addSource",
  ]);
});

test("a worker that another app creates cannot learn of its redrive subscription", () => {
  const stack = testStack();
  const deadLetter = new DeadLetter(stack, "dead");
  const worker = FunctionService.fromName(stack, "far", "far-worker", { uri: "https://far.example.run.app" });
  const subscription = new Topic(stack, "topic").addPushSubscription("far", worker, {
    deadLetter,
    useDeadLetter: false,
  });
  new DeadLetterRedrive(stack, "redrive", { sources: [{ deadLetter, subscription }] });
  expect(errorsOf(stack)).toEqual([
    '[stack/far] UnsupportedOnImport: the imported function "far-worker" cannot be given the variable REDRIVE_SUBSCRIPTION, because its environment belongs to the app that creates it; set it there',
  ]);
});

test("overrides reach the function, and keep its table", () => {
  const stack = testStack();
  const { redrive } = new PubSubFanout(stack, "fanout", {
    subscribers: { all: { source: helloSource } },
    redrive: { ingress: "ALLOW_ALL", name: "back-again", environment: { MODE: "x" } },
  });
  expect(redrive?.service.name).toBe("back-again");
  expect(Object.keys(environmentOf(stack, "back-again"))).toEqual([
    "FUNCTION_TIMEOUT_SECONDS",
    "GOOGLE_CLOUD_PROJECT",
    "MODE",
    "NODE_COMPILE_CACHE",
    "ORIGINS",
  ]);
});

test.each([{ redrive: false as const }, { deadLetter: false }])(
  "a pattern with %j has no redrive, and no caller for it",
  (props) => {
    const stack = testStack();
    const { redrive, client: caller } = new ScheduledPreprocessing(stack, "words", {
      template: DataflowTemplate.classic("gs://dataflow-templates/latest/Word_Count"),
      parameters: (output) => ({ output: `${output}/counts` }),
      schedule: { cron: "0 3 * * *" },
      ...props,
    });
    expect([redrive, caller]).toEqual([undefined, undefined]);
    expect(JSON.stringify(all(stack, "google_service_account"))).not.toContain("client");
  },
);
