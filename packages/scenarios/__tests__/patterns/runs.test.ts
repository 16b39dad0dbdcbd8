import { type Binding, type Machine, VirtualClock } from "@cdktf-serverless-ml/emulator";
import { readStack, type Stack } from "@cdktf-serverless-ml/terraform-json";
import { changed, synthesized } from "../../../../__tests__/support/synthesized";
import { STACK_NAMES } from "../../../../__tests__/synth/project-copy";
import { outputsOf, scenarioOf } from "../../src/patterns";
import { inputFor, runScenario } from "../../src/run/run-stack";
import { startMachine, startStack } from "../../src/run/start";
import { isGood, type Summary } from "../../src/run/summary";
import type { Input } from "../../src/shared/scenario";

const stacks = synthesized();
const machines = new Map<string, Promise<Machine>>();
afterAll(async () => {
  for (const machine of machines.values()) await (await machine).stop();
  stacks.remove();
});

/** The machine of a stack, whose functions stay warm from test to test. */
function machineOf(name: string): Promise<Machine> {
  // With this Python there is no Beam, whatever is on this machine: flowers.test.ts has the other
  // case.
  const machine = machines.get(name) ?? startMachine(stacks.stack(name), { python: "no-python" });
  machines.set(name, machine);
  return machine;
}

/** One run, on the sample unless an input is given. */
async function run(name: string, { without, ...input }: Partial<Input> & { without?: Binding } = {}): Promise<Summary> {
  const machine = await machineOf(name);
  const scenario = scenarioOf(machine.stack);
  if (!scenario) throw new Error(`${name} is none of the five`);
  const clock = scenario.waits ? new VirtualClock() : undefined;
  const running = machine.run({ clock, bindings: (binding) => binding !== without });
  clock?.run(() => running.pending() > 0);
  try {
    return await runScenario(running, scenario, { ...inputFor(scenario, undefined, "samples"), ...input });
  } finally {
    await running.stop();
    clock?.stop();
  }
}

const NOTHING_WRONG = { deadLettered: 0, lost: 0, unexpected: 0, repeatedEffects: 0, refused: [] };

/**
 * What Google bills of one run on the sample, exactly: a change that adds a call for each item is
 * seen here. Seconds are left out, as they depend on the machine.
 */
const BILLED = {
  "async-batch": {
    "tasks.operations": 12,
    "storage.classA": 7,
    "storage.classB": 1,
    "storage.writtenBytes": 18_697,
    "storage.readBytes": 4_560,
    "run.requests": 7,
    "vertex.predictRequests": 6,
    "vertex.predictions": 60,
  },
  "task-pipeline": {
    "tasks.operations": 14,
    "storage.classA": 21,
    "storage.classB": 8,
    "storage.writtenBytes": 57_847,
    "storage.readBytes": 42_696,
    "run.requests": 8,
  },
  "event-workflow": {
    "pubsub.bytes": 2_480,
    "storage.classA": 4,
    "storage.classB": 1,
    "storage.writtenBytes": 3_396,
    "storage.readBytes": 1_140,
    "run.requests": 1,
    "workflows.internalSteps": 35,
    "vertex.predictRequests": 1,
    "vertex.predictions": 15,
  },
  "pubsub-fanout": {
    "pubsub.bytes": 24_250,
    "storage.classA": 21,
    "storage.writtenBytes": 6_527,
    "run.requests": 21,
    "vertex.predictRequests": 10,
    "vertex.predictions": 10,
  },
  // The second job needs Beam: its task goes to the dead letter.
  "scheduled-preprocessing": {
    "tasks.operations": 6,
    "pubsub.bytes": 1_000,
    "storage.classA": 1,
    "storage.writtenBytes": 3_869,
    "run.requests": 3,
    "dataflow.jobs": 2,
  },
};

test.each(Object.entries(BILLED))("%s: what a run takes of what Google bills", async (name, counted) => {
  const { usage } = await run(name);
  expect(usage?.counted).toEqual(counted);
});

test("async-batch: each shard is predicted once", async () => {
  const summary = await run("async-batch");
  expect(summary).toMatchObject({ ...NOTHING_WRONG, accepted: 6, done: 6, outputs: { files: 6, records: 60 } });
  expect(summary.outputs.first).toMatchObject([
    { instance: { sepal_length: 5.1 }, prediction: { class: "setosa" } },
    { prediction: { class: "setosa" } },
    { prediction: { class: "setosa" } },
  ]);
  expect(isGood(summary)).toBe(true);
});

test("task-pipeline: one run by the client and one by the schedule, each step once, with a model that is worth something", async () => {
  const summary = await run("task-pipeline");
  expect(summary).toMatchObject({ ...NOTHING_WRONG, accepted: 6, done: 6 });
  expect(summary.outputs.accuracy).toBeGreaterThan(0.85);
});

test("event-workflow: an upload's notification starts the workflow, which predicts all records", async () => {
  const summary = await run("event-workflow");
  expect(summary).toMatchObject({
    ...NOTHING_WRONG,
    verdict: "OK",
    accepted: 1,
    done: 1,
    partial: 0,
    outputs: {
      uploads: [{ object: "upload.jsonl", status: "done", records: 15, predicted: 15, failed: 0 }],
      first: [{ class: "setosa" }, { class: "setosa" }, { class: "setosa" }],
    },
  });
});

test("event-workflow: a record that the model refuses fails alone, and is reported", async () => {
  const flower = JSON.stringify({ sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 });
  const lines = [...Array(12).fill(flower), '{"sepal_length": "long"}', "no json", ...Array(6).fill(flower)];
  const summary = await run("event-workflow", { content: Buffer.from(lines.join("\n")) });
  expect(summary).toMatchObject({
    ...NOTHING_WRONG,
    verdict: "PARTIAL",
    accepted: 1,
    done: 1,
    partial: 1,
    failedRecords: [
      expect.stringMatching(
        /^upload\.jsonl\/\d+: record 12: INVALID_ARGUMENT, Instance 0 is \{"sepal_length":"long"\}; the model takes/,
      ),
      expect.stringMatching(/^upload\.jsonl\/\d+: record 13: NOT_JSON, invalid JSON: /),
    ],
    outputs: { uploads: [{ object: "upload.jsonl", status: "partial", records: 20, predicted: 18, failed: 2 }] },
  });
});

test("event-workflow: an upload of which nothing is predicted is not done", async () => {
  const summary = await run("event-workflow", { content: Buffer.from("1\n2") });
  expect(summary).toMatchObject({ verdict: "FAILED", accepted: 1, done: 0, deadLettered: 1 });
  expect(summary.deadLetters).toEqual([
    expect.stringMatching(/^upload\.jsonl\/\d+: record 0: INVALID_ARGUMENT, Instance 0 is 1; .*; record 1: /),
  ]);
});

test("pubsub-fanout: each message reaches exactly the subscribers whose filters it passes", async () => {
  const summary = await run("pubsub-fanout");
  expect(summary).toMatchObject({
    ...NOTHING_WRONG,
    accepted: 6 + 4 + 11 + 11,
    done: 6 + 4 + 11 + 11,
    outputs: { written: { text: 6, image: 4, audit: 11 }, pulled: 11 },
  });
});

test("scheduled-preprocessing: the schedule's task launches a job, which counts the words of a text of one's own", async () => {
  const content = Buffer.from("the cat and the dog and the bird");
  const summary = await run("scheduled-preprocessing", { name: "w.txt", content });
  // The stack also has a job of its own.
  expect(summary).toMatchObject({ ...NOTHING_WRONG, accepted: 2, done: 2 });
  expect(summary.outputs.job).toMatch(/^preprocessing-dev-[0-9a-f]{16}$/);
  const folder = `gs://my-gcp-project-scheduled-preprocessing-output-dev/${summary.outputs.job}/wordcount/`;
  expect(summary.outputs.outputs).toEqual([expect.stringContaining(folder)]);
  expect(summary.outputs).toMatchObject({ words: 5, most: ["the: 3", "and: 2", "cat: 1", "dog: 1", "bird: 1"] });
});

test("scheduled-preprocessing: the sample", async () => {
  const summary = await run("scheduled-preprocessing");
  expect(summary).toMatchObject({ ...NOTHING_WRONG, accepted: 2, done: 2, skipped: 1, verdict: "OK" });
  expect(summary.outputs.most).toContain("the: 559");
  expect(summary.missing).toEqual([
    expect.stringMatching(
      /^task \w+: A Beam pipeline runs on Apache Beam, and there is no no-python\. .* pip install "apache-beam\[yaml,gcp\]==2\.77\.0"$/,
    ),
  ]);
});

describe("input that cannot be worked on", () => {
  test("async-batch: the submitter names the line, and nothing is accepted", async () => {
    const summary = await run("async-batch", { content: Buffer.from('{"a":1}\n{"a":\n') });
    expect(summary).toMatchObject({
      accepted: 0,
      error: expect.stringMatching(/answered 400: Line 2 of the input \(5 bytes\) is not JSON/),
    });
    expect(isGood(summary)).toBe(false);
  });

  test("pubsub-fanout: a line that is not a message is reported before anything is published", async () => {
    const content = Buffer.from('{"payload":{}}\n{"attributes":{}}\n');
    await expect(run("pubsub-fanout", { name: "m.jsonl", content })).rejects.toThrow(
      'm.jsonl, line 2: "payload" is missing',
    );
  });

  test("pubsub-fanout: what the model refuses is a dead letter with the reason, not lost", async () => {
    const content = Buffer.from('{"attributes":{"modality":"text"},"payload":{"instances":["?"]}}\n');
    const summary = await run("pubsub-fanout", { content });
    expect(summary).toMatchObject({
      accepted: 3,
      done: 2,
      deadLettered: 1,
      lost: 0,
      unexpected: 0,
      verdict: "PARTIAL",
    });
    expect(summary.deadLetters).toEqual([
      expect.stringMatching(/^text\/\d+: .* answered 400 INVALID_ARGUMENT: Instance 0 is/),
    ]);
  });
});

test("task-pipeline: a failed step is one dead letter, and the steps after it are not reached", async () => {
  const summary = await run("task-pipeline", { content: Buffer.from('a,b\n1,x\n2,"y\n') });
  // A run of the client's and one of the schedule's, of three steps each, one after the other.
  expect(summary).toMatchObject({ accepted: 6, done: 0, deadLettered: 2, notReached: 4, lost: 0, verdict: "FAILED" });
  expect(summary.deadLetters).toEqual([
    "local-1/preprocess: Line 3 is not valid CSV (CSV_QUOTE_NOT_CLOSED)",
    expect.stringMatching(/^[0-9a-f]{32}\/preprocess: Line 3 is not valid CSV \(CSV_QUOTE_NOT_CLOSED\)$/),
  ]);
});

/** Ids of bindings that the run needs, one of each kind. */
describe.each([
  [
    "async-batch",
    "google_cloud_tasks_queue_iam_member",
    /enqueuer-.*submitter/,
    /async-batch-submitter-dev@.* lacks cloudtasks\.tasks\.create on .*queues\/async-batch-queue-dev/,
  ],
  [
    "async-batch",
    "google_service_account_iam_member",
    /./,
    /gcp-sa-cloudtasks\.iam.* lacks iam\.serviceAccounts\.actAs on/,
  ],
  [
    "async-batch",
    "google_cloud_run_v2_service_iam_member",
    /dispatcher/,
    /lacks run\.routes\.invoke on .*services\/async-batch-worker-dev/,
  ],
  [
    "async-batch",
    "google_project_iam_member",
    /predictor/,
    /async-batch-worker-dev@.* lacks aiplatform\.endpoints\.predict on projects\/my-gcp-project\./,
  ],
  [
    "async-batch",
    "google_storage_bucket_iam_member",
    /output.*objectCreator/,
    /lacks storage\.objects\.create on projects\/_\/buckets\/my-gcp-project-async-batch-output-dev/,
  ],
  [
    "scheduled-preprocessing",
    "google_project_iam_member",
    /dataflow-launcher/,
    /launcher.* lacks dataflow\.jobs\.(list|create) on projects\/my-gcp-project/,
  ],
  [
    "scheduled-preprocessing",
    "google_project_iam_member",
    /worker/,
    /workers.* lacks dataflow\.workItems\.lease on projects\/my-gcp-project/,
  ],
  ["event-workflow", "google_project_iam_member", /execution-starter/, /lacks workflows\.executions\.create/],
  [
    "pubsub-fanout",
    "google_pubsub_topic_iam_member",
    /client/,
    /pubsub-fanout-client-dev@.* lacks pubsub\.topics\.publish on projects\/my-gcp-project\/topics\/ai-workloads-topic-dev/,
  ],
  [
    "pubsub-fanout",
    "google_pubsub_subscription_iam_member",
    /services_subscriber-.*consumer/,
    /lacks pubsub\.subscriptions\.consume on .*subscriptions\/ai-workloads-subscription-dev/,
  ],
] as const)("%s without a %s (%s)", (name, type, id, message) => {
  test("fails and says who lacks what", async () => {
    const { bindings } = await machineOf(name);
    const without = bindings.find(({ address }) => address.startsWith(`${type}.`) && id.test(address));
    expect(without).toBeDefined();
    const summary = await run(name, { without });
    expect(isGood(summary)).toBe(false);
    expect(summary.refused.join("\n")).toMatch(message);
  });
});

test("a notification whose topic Cloud Storage may not publish to cannot be created", async () => {
  const copy = changed(stacks.stack("event-workflow"), ({ resource }) => {
    const bindings = resource.google_pubsub_topic_iam_member;
    for (const key of Object.keys(bindings)) if (key.includes("storage-agent")) delete bindings[key];
  });
  await expect(startStack(copy)).rejects.toMatchObject({
    code: "PERMISSION_DENIED",
    message: expect.stringMatching(
      /'pubsub\.topics\.publish' denied on .*data-uploaded-topic-dev.*@gs-project-accounts/,
    ),
  });
});

/** As a stack is read for use. */
const withOutputs = (stack: Stack): Stack => ({ ...stack, outputs: outputsOf(stack) });

test("stacks are recognised by their outputs or what they give to their functions, not their names", () => {
  for (const name of STACK_NAMES) {
    const stack = readStack(stacks.stack(name));
    const expected = Object.values(require(`../../src/patterns/${name}`));
    expect(expected).toContain(scenarioOf(withOutputs({ ...stack, name: "other" })));
    expect(expected).toContain(scenarioOf(withOutputs({ ...stack, outputs: {} })));
    expect(scenarioOf(withOutputs({ ...stack, outputs: {}, resources: [] }))).toBeUndefined();
  }
});
