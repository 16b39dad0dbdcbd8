import * as v from "valibot";
import { readEnvironment } from "../../functions/shared/environment";
import { PermanentError } from "../../functions/shared/errors";
import { Again } from "../../functions/shared/pipeline/context";
import { stepEnvironmentSchema } from "../../functions/shared/pipeline/environment";
import { type PipelineStepOptions, pipelineStep } from "../../functions/shared/pipeline/step";
import { dispatchAll } from "../support/dispatcher";
import { environments } from "../support/environments";
import { FakeGoogle } from "../support/fake-google";
import { type Served, serve } from "../support/serve";

const environment = readEnvironment(stepEnvironmentSchema, environments["pipeline-train"]);
const RUN = "gs://run-bucket/runs/r";
const steps = ["a", "b"].map((name, i) => ({
  name,
  url: `https://${name}.example.run.app/`,
  after: i === 0 ? [] : ["a"],
  deadlineSeconds: 300,
}));

let google: FakeGoogle;
let served: Served;

beforeAll(async () => {
  google = await FakeGoogle.start();
});
beforeEach(() => {
  google.reset();
  google.buckets.put(`${RUN}/run.json`, JSON.stringify({ run: "r", steps, parameters: {} }));
});
afterEach(() => served.stop());
afterAll(() => google.stop());

type Work = PipelineStepOptions<v.GenericSchema>["work"];

async function open(work: Work) {
  served = await serve(pipelineStep({ environment, services: google.services(), parameters: v.unknown(), work }));
  return Object.fromEntries(steps.map(({ url }) => [url, served.url]));
}

const taskNames = () => [...google.tasks.keys()].map((name) => name.replace(/^.*\/[0-9a-f]{16}-/, ""));

test("work that has not ended comes again with its state, until it gives outputs", async () => {
  const seen: unknown[] = [];
  const at = new Date(Date.now() + 60_000).toISOString();
  const routes = await open(async ({ step, poll, folder }) => {
    if (step === "b") return {};
    seen.push(poll);
    return (poll?.n ?? 0) < 2 ? new Again({ job: `${folder}/x` }, at) : { job: poll?.state.job };
  });
  await served.task({ run: "r", step: "a" });
  // A second delivery of the first task makes no second chain.
  await served.task({ run: "r", step: "a" });
  await dispatchAll(google, routes);
  expect(seen).toEqual([undefined, undefined, ...[1, 2].map((n) => ({ n, state: { job: `${RUN}/a/x` } }))]);
  expect(taskNames()).toEqual(["r-a-p1", "r-a-p2", "r-b"]);
  expect([...google.tasks.values()].map(({ scheduleTime }) => scheduleTime)).toEqual([at, at, undefined]);
  expect(google.buckets.json(`${RUN}/steps/a.json`)).toEqual({ step: "a", outputs: { job: `${RUN}/a/x` } });
});

test("notes a dead letter in the run's folder before it is sent, once for each resume", async () => {
  await open(async () => {
    throw new PermanentError("bad_data", "x".repeat(2_000));
  });
  const note = `${RUN}/steps/a.failed.0.json`;
  google.failNext(/publish/, ...Array(3).fill({ status: 503 }));
  expect((await served.task({ run: "r", step: "a" }, { id: "t" })).status).toBe(503);
  expect([google.buckets.uris.includes(note), google.published.length]).toEqual([true, 0]);
  expect((await served.task({ run: "r", step: "a" }, { id: "t", retries: 1 })).body.deadLetter).toBe("bad_data");
  await served.task({ run: "r", step: "a", resume: 1 }, { id: "u", retries: 3 });
  expect(google.buckets.json(note)).toEqual({ code: "bad_data", message: "x".repeat(1024), task: "t" });
  expect(google.buckets.json(`${RUN}/steps/a.failed.1.json`)).toMatchObject({ code: "attempts_spent", task: "u" });
  expect(google.published).toHaveLength(2);
});

test("a task stays in its queue while its failure cannot be noted", async () => {
  await open(async () => ({}));
  google.failNext(/upload.*failed/, ...Array(3).fill({ status: 503 }));
  expect((await served.task({ run: "r", step: "a" }, { retries: 3 })).status).toBe(503);
  expect(google.published).toHaveLength(0);
  expect((await served.task({ run: "r", step: "a" }, { retries: 4 })).body.deadLetter).toBe("attempts_spent");
  expect(google.published).toHaveLength(1);
});

test("a task of no run leaves no note", async () => {
  await open(async () => ({}));
  for (const task of [
    { run: "none", step: "a" },
    { run: "r", step: "c" },
  ]) {
    for (const retries of [0, 3]) await served.task(task, { retries });
  }
  expect(google.buckets.uris).toEqual([`${RUN}/run.json`]);
  expect(google.published).toHaveLength(4);
});
