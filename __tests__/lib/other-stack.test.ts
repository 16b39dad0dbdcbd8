import { inspect } from "node:util";
import type { App } from "cdktf";
import { externalGrantee } from "../../lib/core/grantee";
import { ValidationError, ValidationErrors } from "../../lib/core/validation";
import { Bucket } from "../../lib/parts/bucket";
import { ContainerJob } from "../../lib/parts/container-job";
import { ContainerService } from "../../lib/parts/container-service";
import { DeadLetter } from "../../lib/parts/dead-letter";
import { GoogleStack } from "../../lib/parts/google-stack";
import { Schedule, ScheduleTarget } from "../../lib/parts/schedule";
import { Secret } from "../../lib/parts/secret";
import { TaskQueue } from "../../lib/parts/task-queue";
import { Topic } from "../../lib/parts/topic";
import { TaskPipeline } from "../../lib/patterns/task-pipeline";
import { synthesize } from "../../lib/synthesize";
import { helloSource, testApp, testFunction, thrownBy } from "./support";

const IMAGE = "us-docker.pkg.dev/acme-ml/workers/ocr:1";
const settings = { project: "acme-ml", region: "us-central1" };

function twoStacks(): { app: App; a: GoogleStack; b: GoogleStack } {
  const app = testApp();
  return { app, a: new GoogleStack(app, "a", settings), b: new GoogleStack(app, "b", settings) };
}

type Wire = (a: GoogleStack, b: GoogleStack) => unknown;

const WIRING: readonly [name: string, wire: Wire, error: string][] = [
  [
    "a topic's subscription and its function",
    (a, b) => new Topic(a, "topic").addPushSubscription("s", testFunction(b)),
    "[a/topic/s] OtherStack: [b/worker] is in the stack b, this is in a; subscribe in the stack of the worker, to a topic imported by name: Topic.fromName(stack, id, name).addPushSubscription(…)",
  ],
  [
    "a subscription and its dead letter",
    (a, b) => new Topic(a, "topic").addPullSubscription("s", { deadLetter: new DeadLetter(b, "dead") }),
    "[a/topic/s] OtherStack: [b/dead] is in the stack b, this is in a; give the subscription a DeadLetter of its own stack",
  ],
  [
    "a queue and the function that it dispatches to",
    (a, b) => new TaskQueue(a, "queue").dispatchTo(testFunction(b)),
    "[a/queue] OtherStack: [b/worker] is in the stack b, this is in a; make the queue in the stack of its workers; those who enqueue may be elsewhere: grantEnqueue(externalGrantee(…))",
  ],
  [
    "a queue and one of its targets",
    (a, b) => new TaskQueue(a, "queue").addTarget(testFunction(b)),
    "[a/queue] OtherStack: [b/worker] is in the stack b, this is in a; make the queue in",
  ],
  [
    "a schedule and the function that it calls",
    (a, b) => new Schedule(a, "s", { cron: "0 3 * * *", target: ScheduleTarget.invoke(testFunction(b)) }),
    "[a/s] OtherStack: [b/worker] is in the stack b, this is in a; make the schedule in the stack of what it calls",
  ],
  [
    "a schedule and its queue",
    (a, b) => {
      const [queue, worker] = [new TaskQueue(b, "queue"), testFunction(b)];
      queue.dispatchTo(worker);
      new Schedule(a, "s", { cron: "0 3 * * *", target: ScheduleTarget.createTask({ queue, worker, body: {} }) });
    },
    "[a/s] OtherStack: [b/queue] is in the stack b, this is in a; make the schedule in the stack of what it calls",
  ],
  [
    "a bucket's notification and its topic",
    (a, b) => new Bucket(a, "bucket").notify(new Topic(b, "topic")),
    "[a/bucket] OtherStack: [b/topic] is in the stack b, this is in a; import one of the two by name: Bucket.fromName(stack, id, name).notify(…), or Topic.fromName(…)",
  ],
  [
    "a function and its secret",
    (a, b) => testFunction(a, "worker", { secrets: { KEY: new Secret(b, "key", "api-key") } }),
    "[a/worker] OtherStack: [b/key] is in the stack b, this is in a; make a Secret of the same name in the stack of the function",
  ],
  [
    "a container and its secret",
    (a, b) => new ContainerService(a, "ocr", { image: IMAGE, secrets: { KEY: new Secret(b, "key", "api-key") } }),
    "[a/ocr] OtherStack: [b/key] is in the stack b, this is in a; make a Secret of the same name in the stack of the service",
  ],
  [
    "a container and the bucket that it mounts",
    (a, b) => new ContainerJob(a, "train", { image: IMAGE }).mount(new Bucket(b, "models"), "/models"),
    "[a/train] OtherStack: [b/models] is in the stack b, this is in a; import the bucket by name: Bucket.fromName(stack, id, name)",
  ],
  [
    "a queue and the container that it dispatches to",
    (a, b) => new TaskQueue(a, "queue").dispatchTo(new ContainerService(b, "ocr", { image: IMAGE })),
    "[a/queue] OtherStack: [b/ocr] is in the stack b, this is in a; make the queue in the stack of its workers",
  ],
  [
    "grants both ways, each of which alone would do",
    (a, b) => {
      new Bucket(a, "bucket").grantRead(testFunction(b, "one"));
      new Bucket(b, "bucket").grantRead(testFunction(a, "two"));
    },
    '[b] OtherStack: the stacks a and b need values of each other; in one of them import what the other has by name: Bucket.fromName, Topic.fromName, externalGrantee("serviceAccount:…")',
  ],
];

describe("wiring across stacks", () => {
  test.each(WIRING)("says how to do it by name: %s", (_, wire, error) => {
    const { app, a, b } = twoStacks();
    wire(a, b);
    expect(thrownBy(() => synthesize(app))).toContain(error);
  });

  test.each(WIRING.slice(0, -1))("says so by cdktf's own synthesis too: %s", (_, wire, error) => {
    const { app, a, b } = twoStacks();
    wire(a, b);
    expect(thrownBy(() => app.synth())).toContain(error);
  });

  test.each<[string, Wire]>([
    ["a grant to what another stack has", (a, b) => new Bucket(a, "bucket").grantRead(testFunction(b))],
    [
      "a subscription to an imported topic",
      (_, b) => Topic.fromName(b, "t", "a-topic-dev").addPushSubscription("s", testFunction(b)),
    ],
    ["a notification of an imported bucket", (_, b) => Bucket.fromName(b, "x", "acme-ml-a").notify(new Topic(b, "t"))],
    ["a grant to somebody by name", (a) => new TaskQueue(a, "q").grantEnqueue(externalGrantee("user:alice@acme.com"))],
  ])("works where one stack needs the other alone: %s", (_, wire) => {
    const { app, a, b } = twoStacks();
    wire(a, b);
    expect(() => synthesize(app)).not.toThrow();
  });
});

describe("errors, as Node prints them where nobody catches them", () => {
  test("all are there, each on a line of its own, without the stacks of the single ones", () => {
    const { app, a } = twoStacks();
    new TaskQueue(a, "queue", { maxDispatchesPerSecond: 1000 });
    new TaskPipeline(a, "pipeline", {
      steps: {
        one: { source: helloSource, after: ["three", "absent"] },
        three: { source: helloSource, after: ["one"] },
      },
    });
    const error = caught(() => synthesize(app));
    expect(error).toBeInstanceOf(ValidationErrors);
    const [first, ...lines] = inspect(error).split("\n");
    expect(first).toBe("ValidationErrors: 3 problems:");
    expect(lines.slice(0, 3)).toEqual([
      "  [a/queue] OutOfRange: maxDispatchesPerSecond is 1000 per second; allowed is from 0.001 to 500 per second",
      '  [a/pipeline] UnknownStep: step "one" runs after "absent", which is not a step; steps are one, three',
      "  [a/pipeline] PipelineCycle: steps wait for each other: one -> three -> one",
    ]);
    expect(lines.slice(3).filter((line) => !line.includes(__filename))).toEqual([]);
  });

  test("one that is thrown says where the caller made the mistake, and no more", () => {
    const error = caught(() => externalGrantee(""));
    expect(error).toBeInstanceOf(ValidationError);
    const frames = (error as Error).stack?.split("\n").slice(1) ?? [];
    expect(frames.length).toBeGreaterThan(0);
    expect(frames.filter((frame) => !frame.includes(__filename))).toEqual([]);
  });
});

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
