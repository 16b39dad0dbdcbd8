import { TerraformVariable } from "cdktf";
import type { IConstruct } from "constructs";
import { Duration } from "../../lib/core/duration";
import { externalGrantee } from "../../lib/core/grantee";
import { Bucket } from "../../lib/parts/bucket";
import { ContainerJob } from "../../lib/parts/container-job";
import { ContainerService } from "../../lib/parts/container-service";
import { DeadLetter } from "../../lib/parts/dead-letter";
import { FunctionService } from "../../lib/parts/function-service";
import type { GoogleStack } from "../../lib/parts/google-stack";
import { PullSubscription } from "../../lib/parts/pull-subscription";
import { Schedule, ScheduleTarget } from "../../lib/parts/schedule";
import { TaskQueue } from "../../lib/parts/task-queue";
import { Topic } from "../../lib/parts/topic";
import { Workflow } from "../../lib/parts/workflow";
import { grantLines } from "./iam";
import { all, errorsOf, only, synthesized, testFunction, testStack } from "./support";

const reader = externalGrantee("group:ml@acme.com");
const URL = "https://scorer-dev-x2fy-uc.a.run.app";

type Import = (stack: GoogleStack, name: string) => IConstruct;

interface Case {
  readonly what: string;
  readonly create: Import;
  readonly name: string;
  /** Each grant that the interface has, on the thing of that name. */
  readonly grants: readonly [grant: (thing: never) => unknown, line: string][];
  readonly bad: readonly string[];
}

const CASES: readonly Case[] = [
  {
    what: "a Cloud Storage bucket",
    create: (stack, name) => Bucket.fromName(stack, "it", name),
    name: "gcp-google.data_1",
    grants: [
      [(it: ReturnType<typeof Bucket.fromName>) => it.grantRead(reader), "roles/storage.objectViewer | bucket"],
      [(it: ReturnType<typeof Bucket.fromName>) => it.grantCreate(reader), "roles/storage.objectCreator | bucket"],
      [(it: ReturnType<typeof Bucket.fromName>) => it.grantReadWrite(reader), "roles/storage.objectUser | bucket"],
    ],
    bad: ["gs://acme", "Acme", "ab", "a".repeat(64), `${"a".repeat(64)}.com`, "a..b", `\${x}`],
  },
  {
    what: "a Pub/Sub topic",
    create: (stack, name) => Topic.fromName(stack, "it", name),
    name: "their-events",
    grants: [[(it: ReturnType<typeof Topic.fromName>) => it.grantPublish(reader), "roles/pubsub.publisher | topic"]],
    bad: ["projects/acme-ml/topics/their-events", "1st", "ab", `\${x}`],
  },
  {
    what: "a Pub/Sub subscription",
    create: (stack, name) => PullSubscription.fromName(stack, "it", name),
    name: "their-subscription",
    grants: [
      [
        (it: ReturnType<typeof PullSubscription.fromName>) => it.grantConsume(reader),
        "roles/pubsub.subscriber | subscription",
      ],
    ],
    bad: ["projects/acme-ml/subscriptions/s", "1st", "ab"],
  },
  {
    what: "a function",
    create: (stack, name) => FunctionService.fromName(stack, "it", name),
    name: "scorer-dev",
    grants: [
      [(it: ReturnType<typeof FunctionService.fromName>) => it.grantInvoke(reader), "roles/run.invoker | function"],
    ],
    bad: ["Scorer", "abc", "a".repeat(50), "scorer-"],
  },
  {
    what: "a Cloud Run service",
    create: (stack, name) => ContainerService.fromName(stack, "it", name),
    name: "ocr-dev",
    grants: [
      [(it: ReturnType<typeof ContainerService.fromName>) => it.grantInvoke(reader), "roles/run.invoker | function"],
    ],
    bad: ["Ocr", "", "a".repeat(50), "ocr-", "1st"],
  },
  {
    what: "a Cloud Tasks queue",
    create: (stack, name) => TaskQueue.fromName(stack, "it", name),
    name: "their-queue",
    grants: [
      [(it: ReturnType<typeof TaskQueue.fromName>) => it.grantEnqueue(reader), "roles/cloudtasks.enqueuer | queue"],
    ],
    bad: ["projects/p/locations/l/queues/q", "their_queue", "", "a".repeat(101)],
  },
];

describe("imports by name", () => {
  test.each(CASES)("$what is granted on, and not created", ({ create, name, grants }) => {
    const stack = testStack();
    const thing = create(stack, name) as never;
    for (const [grant] of grants) expect(grant(thing)).toBe(grant(thing));
    expect(errorsOf(stack)).toEqual([]);
    expect(grantLines(stack)).toEqual(grants.map(([, line]) => `group:ml@acme.com | ${line} ${name}`).sort());
    expect(Object.keys(synthesized(stack).resource as object).filter((type) => !type.includes("_iam_"))).toEqual([]);
  });

  test.each(CASES.flatMap(({ what, create, bad }) => bad.map((name) => [name, what, create] as const)))(
    '"%s" is not a valid name for %s',
    (name, what, create) => {
      const stack = testStack();
      create(stack, name);
      expect(errorsOf(stack)).toEqual([
        expect.stringMatching(
          new RegExp(`^\\[stack/it\\] InvalidName: ".*" is not a valid name for ${what}; allowed is \\d`),
        ),
      ]);
    },
  );

  test.each(CASES)("a name that only Terraform knows is not checked: $what", ({ create, grants }) => {
    const stack = testStack();
    const thing = create(stack, new TerraformVariable(stack, "name", { type: "string" }).stringValue) as never;
    for (const [grant] of grants) grant(thing);
    expect(errorsOf(stack)).toEqual([]);
  });

  test("a workflow can be executed, by the custom role on the project", () => {
    const stack = testStack();
    const workflow = Workflow.fromName(stack, "it", "their-workflow");
    expect(workflow.fullName).toBe("projects/acme-ml/locations/us-central1/workflows/their-workflow");
    expect(workflow.grantExecute(reader)).toBe(workflow.grantExecute(reader));
    expect(grantLines(stack)).toEqual([
      "group:ml@acme.com | custom role stack_execution_starter_dev | project acme-ml",
    ]);
    expect(all(stack, "google_workflows_workflow")).toEqual([]);
  });

  test("a job can be run, by the custom role on the job", () => {
    const stack = testStack();
    const job = ContainerJob.fromName(stack, "it", "their-job");
    expect(job.fullName).toBe("projects/acme-ml/locations/us-central1/jobs/their-job");
    expect(job.grantRun(reader)).toBe(job.grantRun(reader));
    expect(grantLines(stack)).toEqual(["group:ml@acme.com | custom role stack_job_runner_dev | job their-job"]);
    ContainerJob.fromName(stack, "other", "Their-job");
    expect(errorsOf(stack)).toEqual([
      '[stack/other] InvalidName: "Their-job" is not a valid name for a Cloud Run job; allowed is 1 to 49 of a-z, 0-9 and -, beginning with a letter, not ending with -',
    ]);
  });

  test('"1st" is not a valid name for a workflow', () => {
    const stack = testStack();
    Workflow.fromName(stack, "it", "1st");
    expect(errorsOf(stack)).toEqual([
      expect.stringMatching(/^\[stack\/it\] InvalidName: "1st" is not a valid name for a workflow; allowed is 1 to 64/),
    ]);
  });

  test("a queue has a name for the environment of those who enqueue", () => {
    expect(TaskQueue.fromName(testStack(), "it", "their-queue").fullName).toBe(
      "projects/acme-ml/locations/us-central1/queues/their-queue",
    );
  });
});

describe("an imported dead letter", () => {
  test("takes what functions and Pub/Sub send to it", () => {
    const stack = testStack();
    const deadLetter = DeadLetter.fromName(stack, "dead", "their-dead-letters");
    const worker = testFunction(stack);
    new Topic(stack, "events").addPushSubscription("push", worker, { deadLetter });
    expect(only(stack, "google_pubsub_subscription")).toMatchObject({
      dead_letter_policy: { dead_letter_topic: "projects/acme-ml/topics/their-dead-letters" },
    });
    expect(grantLines(stack, "topic their-dead-letters")).toEqual([
      "service agent gcp-sa-pubsub | roles/pubsub.publisher | topic their-dead-letters",
      "stack-worker-dev | roles/pubsub.publisher | topic their-dead-letters",
    ]);
  });

  test("is refused under a bad name", () => {
    const stack = testStack();
    DeadLetter.fromName(stack, "dead", "projects/p/topics/t");
    expect(errorsOf(stack)).toEqual([expect.stringMatching(/^\[stack\/dead\/topic\] InvalidName: /)]);
  });
});

describe("an imported function", () => {
  const imported = (stack: GoogleStack) =>
    FunctionService.fromName(stack, "it", "scorer-dev", { uri: URL, timeout: Duration.minutes(2) });

  test("is called by a subscription, a queue and a schedule at its URL", () => {
    const stack = testStack();
    const worker = imported(stack);
    new Topic(stack, "events").addPushSubscription("push", worker);
    new TaskQueue(stack, "queue").dispatchTo(worker);
    new Schedule(stack, "schedule", { cron: "0 3 * * *", target: ScheduleTarget.invoke(worker) });
    expect(errorsOf(stack)).toEqual([]);
    expect(only(stack, "google_pubsub_subscription")).toMatchObject({
      ack_deadline_seconds: 120,
      push_config: { push_endpoint: URL, oidc_token: { audience: URL } },
    });
    expect(only(stack, "google_cloud_tasks_queue")).toMatchObject({
      http_target: { oidc_token: { audience: URL }, uri_override: { host: expect.stringContaining(URL) } },
    });
    expect(only(stack, "google_cloud_scheduler_job")).toMatchObject({
      attempt_deadline: "120s",
      http_target: { uri: URL, oidc_token: { audience: URL } },
    });
    expect(grantLines(stack, "roles/run.invoker")).toEqual([
      "stack-events-push-caller-dev | roles/run.invoker | function scorer-dev",
      "stack-queue-dispatcher-dev | roles/run.invoker | function scorer-dev",
      "stack-schedule-caller-dev | roles/run.invoker | function scorer-dev",
    ]);
    expect(all(stack, "google_cloudfunctions2_function")).toEqual([]);
  });

  test("has what Cloud Functions gives where nobody asks", () => {
    const { timeout, maxInstances, concurrency } = FunctionService.fromName(testStack(), "it", "scorer-dev");
    expect([timeout.toString(), maxInstances, concurrency]).toEqual(["60s", 100, 1]);
  });

  test("is a container service as well, with what Cloud Run gives where nobody asks", () => {
    const stack = testStack();
    const service = ContainerService.fromName(stack, "it", "ocr-dev");
    expect([service.timeout.toString(), service.maxInstances, service.concurrency]).toEqual(["300s", 100, 80]);
    new TaskQueue(stack, "queue").dispatchTo(service);
    service.addEnvironment("MODEL", "iris");
    expect(errorsOf(stack)).toEqual([
      '[stack/it] UnsupportedOnImport: the URL of the imported container service "ocr-dev" is not known; give it: ContainerService.fromName(scope, id, name, { uri: "https://…" })',
      '[stack/it] UnsupportedOnImport: the imported container service "ocr-dev" cannot be given the variable MODEL, because its environment belongs to the app that creates it; set it there',
    ]);
  });

  test("is not called without its URL", () => {
    const stack = testStack();
    new TaskQueue(stack, "queue").dispatchTo(FunctionService.fromName(stack, "it", "scorer-dev"));
    expect(errorsOf(stack)).toEqual([
      '[stack/it] UnsupportedOnImport: the URL of the imported function "scorer-dev" is not known; give it: FunctionService.fromName(scope, id, name, { uri: "https://…" })',
    ]);
  });

  test("is given no dead letter, which would have to be in its environment", () => {
    const stack = testStack();
    const deadLetter = new DeadLetter(stack, "dead");
    const topic = new Topic(stack, "events");
    topic.addPushSubscription("forwarded", imported(stack), { deadLetter, useDeadLetter: false });
    expect(errorsOf(stack)).toEqual([]);
    topic.addPushSubscription("push", FunctionService.fromName(stack, "other", "other-dev", { uri: URL }), {
      deadLetter,
    });
    expect(errorsOf(stack)).toEqual([
      '[stack/other] UnsupportedOnImport: the imported function "other-dev" cannot be given the dead letter [stack/dead], because its environment belongs to the app that creates it; set useDeadLetter: false on the subscription, or make the queue in that app',
    ]);
  });

  test("is given no variable", () => {
    const stack = testStack();
    imported(stack).addEnvironment("MODEL", "iris");
    expect(errorsOf(stack)).toEqual([
      '[stack/it] UnsupportedOnImport: the imported function "scorer-dev" cannot be given the variable MODEL, because its environment belongs to the app that creates it; set it there',
    ]);
  });

  test("has a URL without a path, and sizes that Cloud Functions knows", () => {
    const stack = testStack();
    FunctionService.fromName(stack, "it", "scorer-dev", {
      uri: "http://acme.com/score",
      timeout: Duration.hours(2),
      maxInstances: 0,
      concurrency: 1001,
    });
    expect(errorsOf(stack)).toEqual([
      '[stack/it] InvalidValue: uri of the function is "http://acme.com/score"; allowed is https://<host>, without a path',
      "[stack/it] OutOfRange: timeout is 7200 seconds; allowed is a whole number from 1 to 3600 seconds",
      "[stack/it] OutOfRange: concurrency is 1001; allowed is a whole number from 1 to 1000",
      "[stack/it] OutOfRange: maxInstances is 0; allowed is a whole number from 1 to 1000",
    ]);
  });
});
