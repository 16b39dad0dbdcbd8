import { changed, givingUpSoon, synthesized } from "../../../../__tests__/support/synthesized";
import { STACK_NAMES } from "../../../../__tests__/synth/project-copy";
import { readStackWithOutputs, scenarioOf } from "../../src/patterns";
import { upTo } from "../../src/shared/generated";
import { kindOf } from "../../src/shared/poison";
import { poisonedRun } from "./poisoned";

const stacks = synthesized();
afterAll(() => stacks.remove());

/** The stack as it is deployed, but that five attempts are enough. */
const impatient = (name: string) => changed(stacks.stack(name), givingUpSoon);

const NOTHING_WRONG = { lost: 0, unexpected: 0, repeatedEffects: 0, refused: [] };
const SPENT = "All 5 attempts failed; the log tells why";

test("async-batch: shards that are refused, fail and kill end as dead letters, all others are predicted once", async () => {
  const { summary, deadLetters, functions, attemptsAt } = await poisonedRun(impatient("async-batch"), 10);
  expect(summary).toMatchObject({ ...NOTHING_WRONG, accepted: 10, done: 7, deadLettered: 3 });
  const reasons = Object.fromEntries(deadLetters.map(({ key, reason }) => [key.replace(/^.*-/, ""), reason]));
  expect(reasons).toEqual({
    2: expect.stringContaining('answered 400 INVALID_ARGUMENT: Instance 4 is "poison-refused"'),
    4: SPENT,
    7: SPENT,
  });
  expect(functions).toEqual(["batch-worker"]);
  const failing = deadLetters.find(({ key }) => key.endsWith("-4"))?.key ?? "";
  expect(attemptsAt(failing)).toEqual([...upTo(5).map((n) => `queue ${n + 1}: 500`), "queue 6: 200"]);
});

test("pubsub-fanout: poison is a dead letter of each subscriber, and what the model refuses one of its function", async () => {
  const { summary, deadLetters, functions, attemptsAt } = await poisonedRun(impatient("pubsub-fanout"), 10);
  // Ids are numbers of messages, counted from 1; each reaches text or image or neither, audit,
  // and who pulls.
  expect(summary).toMatchObject({ ...NOTHING_WRONG, accepted: 29, done: 21, deadLettered: 8 });
  const reasons = Object.fromEntries(
    deadLetters.map(({ key, reason }) => [key.replace(/.*subscriptions\//, "").replace(/\/10*/, " "), reason]),
  );
  const refused = expect.stringContaining('answered 400 INVALID_ARGUMENT: Instance 0 is "poison-refused"');
  const failed = "its deliveries failed";
  expect(reasons).toEqual({
    "text 3": refused,
    "image 4": refused,
    "text 5": failed,
    "audit 5": failed,
    "ai-workloads-subscription-dev 5": failed,
    "image 8": failed,
    "audit 8": failed,
    "ai-workloads-subscription-dev 8": failed,
  });
  expect(functions).toEqual(["Pub/Sub", "message-predictor"]);
  // At the text, at its audit, and three times Pub/Sub's own.
  expect(attemptsAt("text/1000000000000005").sort()).toEqual(
    [
      ...upTo(5).flatMap((n) => [`subscription ${n + 1}: 500`, `subscription ${n + 1}: 500`]),
      ...upTo(3).map(() => "subscription 5: DEAD_LETTERED"),
    ].sort(),
  );
});

test("event-workflow: what the function or the workflow refuses is a dead letter with the reason", async () => {
  const { summary, deadLetters, functions, running, attemptsAt } = await poisonedRun(impatient("event-workflow"), 10);
  expect(summary).toMatchObject({ ...NOTHING_WRONG, accepted: 10, done: 6, deadLettered: 4 });
  const reasons = Object.fromEntries(deadLetters.map(({ key, reason }) => [key.replace(/\/\d+$/, ""), reason]));
  expect(reasons).toEqual({
    "poison-refused-00002.jsonl": "The upload is empty",
    "poison-refused-by-workflow-00003.jsonl":
      "the upload cannot be read: the upload holds 10001 records; allowed are up to 10000",
    "poison-fail-00004.jsonl": "its deliveries failed",
    "poison-kill-00007.jsonl": "its deliveries failed",
  });
  expect(functions).toEqual(["Pub/Sub", "start-workflow"]);
  const failing = deadLetters.find(({ key }) => key.startsWith("poison-fail"))?.key ?? "";
  expect(attemptsAt(failing)).toEqual(["bucket 1: OK"]);
  // A record that fails does not lose its upload.
  expect(summary.partial).toBe(1);
  expect(summary.failedRecords).toEqual([
    expect.stringMatching(/^upload-00009\.jsonl\/\d+: record 1: INVALID_ARGUMENT, Instance 0 is "no flower"; /),
  ]);
  const errors = running.writes("my-gcp-project-event-workflow-results-dev").filter((name) => name.includes("errors"));
  expect(errors.map((name) => name.split("/")[0])).toEqual(["poison-refused-by-workflow-00003.jsonl"]);
});

test("scheduled-preprocessing: each task that a queue took on launches one job or is a dead letter", async () => {
  const { summary, deadLetters, functions, running, attemptsAt } = await poisonedRun(
    impatient("scheduled-preprocessing"),
    10,
  );
  // The stack also has a job of its own. Those of tables need Beam.
  expect(summary).toMatchObject({ ...NOTHING_WRONG, accepted: 10, done: 7, deadLettered: 3, skipped: 2 });
  const texts = new Map(
    running.createdTasks.map(({ id, body }) => [`task ${id}`, /input\/([^"]+)/.exec(body.toString())?.[1]]),
  );
  expect(Object.fromEntries(deadLetters.map(({ key, reason }) => [texts.get(key), reason]))).toEqual({
    "poison-refused-00002.txt": expect.stringContaining("poison-refused: Unrecognized parameter"),
    "poison-fail-00004.txt": SPENT,
    "poison-kill-00007.txt": SPENT,
  });
  expect(functions).toEqual(["dataflow-launcher"]);
  const failing = deadLetters.find(({ key }) => texts.get(key)?.startsWith("poison-fail"))?.key ?? "";
  expect(attemptsAt(failing)).toEqual([...upTo(5).map((n) => `queue ${n + 1}: 500`), "queue 6: 200"]);
});

test("task-pipeline: runs end at each of the functions, and what comes after is never begun", async () => {
  const { summary, deadLetters, notReached, functions, running, attemptsAt } = await poisonedRun(
    impatient("task-pipeline"),
    10,
  );
  expect(summary).toMatchObject({ ...NOTHING_WRONG, accepted: 31, done: 21, deadLettered: 4, notReached: 6 });
  const refused = running.createdTasks.find(({ body }) => body.includes("poison-refused"))?.id;
  const notStarted = 'The body is not valid. parameters: given "poison-refused"; allowed: an object';
  const notRead = '1 problem in the CSV: line 2: width is "poison-refused", no number';
  expect(Object.fromEntries(deadLetters.map(({ key, reason }) => [key, reason]))).toEqual({
    [`${refused}/(start)`]: notStarted,
    "poison-refused-00002/preprocess": notRead,
    "poison-fail-00004/train": SPENT,
    "poison-kill-00007/infer": SPENT,
  });
  expect([...notReached].sort()).toEqual(
    [
      ...["preprocess", "train", "infer"].map((step) => `${refused}/${step}`),
      "poison-refused-00002/train",
      "poison-refused-00002/infer",
      "poison-fail-00004/infer",
    ].sort(),
  );
  expect(functions).toEqual(["pipeline-infer", "pipeline-preprocess", "pipeline-start", "pipeline-train"]);
  expect(attemptsAt("poison-fail-00004/infer")).toEqual([
    "queue 1: 200",
    ...upTo(5).map((n) => `queue ${n + 1}: 500`),
    "queue 6: 200",
  ]);
});

test.each(STACK_NAMES)("%s: generated items are the same each time", (name) => {
  const scenario = scenarioOf(readStackWithOutputs(stacks.stack(name)));
  const text = () => scenario?.generate(300).map((input) => `${input.name}: ${input.content}`);
  expect(text()).toEqual(text());
});

test("one of each kind of poison is among the first 10 items, and among each 200 after the first 20", () => {
  for (const [from, to] of [
    [0, 10],
    [20, 220],
    [220, 420],
  ] as const) {
    const kinds = Array.from({ length: to - from }, (_, index) => kindOf(from + index));
    expect(kinds.filter((kind) => kind !== "good").sort()).toEqual(["fail", "kill", "refused"]);
  }
});
