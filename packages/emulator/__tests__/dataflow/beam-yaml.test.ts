import { cloudDataflow } from "../../src/dataflow";
import type { BeamResult, LocalBeam } from "../../src/dataflow/local-beam";
import { cloudStorage } from "../../src/storage";
import { context } from "../support/context";

const TEMPLATE = "gs://dataflow-templates-us-central1/latest/flex/Yaml_Template";
const JOBS = "projects/p/locations/us-central1/jobs";
const LAUNCH = {
  jobName: "flowers",
  containerSpecGcsPath: TEMPLATE,
  parameters: {
    yaml_pipeline_file: "gs://pipelines/flowers.yaml",
    jinja_variables: JSON.stringify({ input: "gs://raw/*.csv", output: "gs://out/flowers", label: "species" }),
  },
  environment: {
    tempLocation: "gs://out/temp",
    serviceAccountEmail: "worker@p",
    additionalPipelineOptions: ["number_of_worker_harness_threads=2"],
  },
};

/** What Beam does in a test: it writes as the workers, and ends. */
interface FakeBeam {
  readonly missing?: string;
  readonly result?: BeamResult;
  readonly endless?: true;
}

function world({ missing, result = { metrics: [] }, endless }: FakeBeam = {}, grants?: readonly string[]) {
  const around = context({ grants: grants ?? "everything" });
  const buckets = ["pipelines", "raw", "out"].map((name) => ({
    address: `google_storage_bucket.${name}`,
    type: "google_storage_bucket",
    attributes: { name },
  }));
  const storage = cloudStorage.create(around, buckets);
  if (!grants) storage.put({ email: "anyone@p" }, "pipelines", "flowers.yaml", "pipeline: {}");
  const started: { options: readonly string[]; account: string }[] = [];
  let killed = 0;
  const beam = {
    missing: async () => missing,
    start: async ({ options, account }: { options: readonly string[]; account: string }) => {
      started.push({ options, account });
      const worker = { email: account };
      storage.put(worker, "out", "flowers/beam-temp/1", "x");
      storage.put(worker, "out", "flowers/train.jsonl", "{}");
      storage.put(worker, "out", "temp/other", "x");
      storage.delete(worker, "out", "flowers/beam-temp/1");
      return { result: endless ? new Promise(() => {}) : Promise.resolve(result), kill: () => killed++ };
    },
  } as unknown as LocalBeam;
  const dataflow = cloudDataflow.create(around, [], { beam }, { cloudStorage: storage });
  // biome-ignore lint/suspicious/noExplicitAny: a job, messages or metrics.
  const ask = async (method: string, path: string, body?: object): Promise<any> => {
    const reply = await dataflow.rest[0]?.handle({
      method,
      host: "dataflow.googleapis.com",
      path: `/v1b3/${path}`,
      query: new URLSearchParams(),
      headers: {},
      body: Buffer.from(body ? JSON.stringify(body) : ""),
      caller: { email: "launcher@p" },
    });
    return reply?.body;
  };
  const launch = (more: object = {}) =>
    ask("POST", "projects/p/locations/us-central1/flexTemplates:launch", { launchParameter: { ...LAUNCH, ...more } });
  return { around, dataflow, ask, launch, started, killed: () => killed };
}

const METRIC = { namespace: "flowers", name: "rows_read", step: "Check", value: 150 };

test("a Beam YAML pipeline runs as the workers; its outputs and counters are those of the run", async () => {
  const { around, dataflow, ask, launch, started } = world({ result: { metrics: [METRIC] } });
  const { job } = await launch();
  await around.clock.advance(3_000);
  expect(await ask("GET", `${JOBS}/${job.id}`)).toMatchObject({ currentState: "JOB_STATE_DONE", name: "flowers" });
  expect(started).toEqual([
    {
      options: [
        "--yaml_pipeline_file=gs://pipelines/flowers.yaml",
        `--jinja_variables=${LAUNCH.parameters.jinja_variables}`,
        "--temp_location=gs://out/temp",
      ],
      account: "worker@p",
    },
  ]);
  expect(dataflow.jobs[0]?.outputs).toEqual(["gs://out/flowers/train.jsonl"]);
  expect(await ask("GET", `${JOBS}/${job.id}/metrics`)).toMatchObject({
    metrics: [
      {
        name: { origin: "user", name: "rows_read", context: { namespace: "flowers", step: "Check" } },
        scalar: 150,
      },
    ],
  });
});

test("a pipeline that fails has Beam's message", async () => {
  const { around, ask, launch } = world({ result: { error: "ValueError: no column species", metrics: [] } });
  const { job } = await launch();
  await around.clock.advance(3_000);
  expect(await ask("GET", `${JOBS}/${job.id}`)).toMatchObject({ currentState: "JOB_STATE_FAILED" });
  const { jobMessages } = await ask("GET", `${JOBS}/${job.id}/messages`);
  expect(jobMessages.at(-1)).toMatchObject({
    messageText: "Workflow failed. Causes: ValueError: no column species",
    messageImportance: "JOB_MESSAGE_ERROR",
  });
});

test("without Beam the job fails, and says what to install", async () => {
  const missing = 'python3 has no Apache Beam. Install it: pip install "apache-beam[yaml,gcp]==2.77.0"';
  const { around, dataflow, launch, started } = world({ missing });
  await launch();
  await around.clock.advance(3_000);
  expect(started).toEqual([]);
  expect(dataflow.jobs[0]).toMatchObject({
    state: "JOB_STATE_FAILED",
    failure: `A Beam pipeline runs on Apache Beam, and ${missing}`,
    missing: `A Beam pipeline runs on Apache Beam, and ${missing}`,
  });
});

test("the workers must be able to read the pipeline's file", async () => {
  const grants = [
    "launcher@p dataflow.jobs.create projects/p",
    "launcher@p iam.serviceAccounts.actAs projects/p/serviceAccounts/worker@p",
    "worker@p dataflow.workItems.lease projects/p",
  ];
  const { around, dataflow, launch, started } = world({}, grants);
  await launch();
  await around.clock.advance(3_000);
  expect(dataflow.jobs[0]?.failure).toMatch(/storage\.objects\.get/);
  expect(started).toEqual([]);
});

test("a job that is cancelled ends its pipeline", async () => {
  const { around, dataflow, ask, launch, killed } = world({ endless: true });
  const { job } = await launch();
  expect(dataflow.isWorking()).toBe(false);
  await around.clock.advance(1_000);
  expect(dataflow.isWorking()).toBe(true);
  await ask("PUT", `${JOBS}/${job.id}`, { requestedState: "JOB_STATE_CANCELLED" });
  await around.clock.advance(1_000);
  expect(await ask("GET", `${JOBS}/${job.id}`)).toMatchObject({ currentState: "JOB_STATE_CANCELLED" });
  expect(killed()).toBe(1);
});

test("refuses a parameter that the template does not have", async () => {
  await expect(world().launch({ parameters: { yaml: "x" } })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: "The template parameters are invalid. Details: \nyaml: Unrecognized parameter",
  });
});

// Fields of RuntimeEnvironment and FlexTemplateRuntimeEnvironment in google-cloud-dataflow-client 0.13.0.
test.each([
  [
    "bypassTempDirValidation",
    "INVALID_ARGUMENT",
    /Unknown name "bypassTempDirValidation" at 'environment': Cannot find/,
  ],
  ["streamingMode", "UNIMPLEMENTED", /environment\.streamingMode is not simulated: jobs are batch jobs/],
  ["diskSizeGb", undefined, undefined],
  ["launcherMachineType", undefined, undefined],
  ["enableLauncherVmSerialPortLogging", undefined, undefined],
])("takes the fields of a flex template's environment alone: %s", async (field, code, message) => {
  const launched = world().launch({ environment: { ...LAUNCH.environment, [field]: "1" } });
  if (code === undefined) await expect(launched).resolves.toMatchObject({ job: { name: "flowers" } });
  else await expect(launched).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});
