import { readFileSync } from "node:fs";
import { join } from "node:path";
import { publicObjects } from "../../../scenarios/src/run/public-objects";
import { cloudDataflow } from "../../src/dataflow";
import { cloudStorage } from "../../src/storage";
import { context } from "../support/context";

const TEMPLATE = "gs://dataflow-templates/latest/Word_Count";
const CALLER = { email: "launcher@p" };
const JOBS = "projects/p/locations/us-central1/jobs";
const environment = {
  tempLocation: "gs://temp/t",
  serviceAccountEmail: "worker@p",
  maxWorkers: 3,
  additionalUserLabels: { a: "b" },
};
const parameters = {
  inputFile: "gs://dataflow-samples/shakespeare/kinglear.txt",
  output: "gs://out/wordcount/outputs",
};
const LAUNCH = { jobName: "job", parameters, environment };

const CANCELLED = { requestedState: "JOB_STATE_CANCELLED" };

const WORKER_GRANTS = [
  "worker@p dataflow.workItems.lease projects/p",
  ...["create", "get", "delete"].flatMap((verb) => [
    `worker@p storage.objects.${verb} projects/_/buckets/temp/*`,
    `worker@p storage.objects.${verb} projects/_/buckets/out/*`,
  ]),
];
const GRANTS = [
  "launcher@p dataflow.jobs.create projects/p",
  "launcher@p dataflow.jobs.list projects/p",
  "launcher@p dataflow.jobs.get projects/p",
  "launcher@p dataflow.jobs.cancel projects/p",
  "launcher@p dataflow.messages.list projects/p",
  "launcher@p iam.serviceAccounts.actAs projects/p/serviceAccounts/worker@p",
  ...WORKER_GRANTS,
];

function world(grants: readonly string[] | "everything" = GRANTS, resources: object[] = []) {
  const around = context({ grants });
  const buckets = ["temp", "out"].map((name) => ({
    address: `google_storage_bucket.${name}`,
    type: "google_storage_bucket",
    attributes: { name },
  }));
  const storage = cloudStorage.create(around, buckets, { publicObjects: publicObjects() });
  const jobResources = resources.map((attributes) => ({
    address: "google_dataflow_job.j",
    type: "google_dataflow_job",
    attributes,
  }));
  const dataflow = cloudDataflow.create(around, jobResources, {}, { cloudStorage: storage });
  // biome-ignore lint/suspicious/noExplicitAny: a job, or a page of them.
  const ask = async (method: string, pathAndQuery: string, body?: object): Promise<any> => {
    const url = new URL(`/v1b3/${pathAndQuery}`, "https://dataflow.googleapis.com");
    const reply = await dataflow.rest[0]?.handle({
      method,
      host: url.host,
      path: url.pathname,
      query: url.searchParams,
      headers: {},
      body: Buffer.from(body ? JSON.stringify(body) : ""),
      caller: CALLER,
    });
    return reply?.body;
  };
  const launch = (more: object = {}, template = TEMPLATE) =>
    ask("POST", `projects/p/locations/us-central1/templates:launch?gcsPath=${template}`, { ...LAUNCH, ...more });
  const read = (name: string) => storage.get({ email: "worker@p" }, "out", name).content.toString();
  return { around, storage, dataflow, ask, launch, read };
}

describe("Dataflow", () => {
  test("launches WordCount, which writes what it counted", async () => {
    const { around, dataflow, launch, ask, read } = world();
    const { job } = await launch();
    expect(job).toMatchObject({
      id: expect.stringMatching(/^2026-01-01_00_00_00-\d{13}$/),
      projectId: "p",
      name: "job",
      type: "JOB_TYPE_BATCH",
      currentState: "JOB_STATE_PENDING",
      location: "us-central1",
      createTime: "2026-01-01T00:00:00Z",
      labels: { a: "b" },
    });
    expect(dataflow.pending()).toBe(1);
    await around.clock.advance(1_000);
    expect(await ask("GET", `${JOBS}/${job.id}`)).toMatchObject({
      currentState: "JOB_STATE_RUNNING",
      startTime: "2026-01-01T00:00:01Z",
    });
    await around.clock.advance(1_000);
    expect(await ask("GET", `${JOBS}/${job.id}`)).toMatchObject({
      currentState: "JOB_STATE_DONE",
      currentStateTime: "2026-01-01T00:00:02Z",
    });
    expect(dataflow.pending()).toBe(0);

    expect(dataflow.jobs[0]?.outputs).toEqual(["gs://out/wordcount/outputs-00000-of-00001"]);
    const counts = new Map(
      read("wordcount/outputs-00000-of-00001")
        .trimEnd()
        .split("\n")
        .map((line) => line.split(": ") as [string, string]),
    );
    // Counted another way: by looking for each word on its own.
    const text = readFileSync(join(__dirname, "../../../../samples/opticks.txt"), "utf8");
    for (const word of ["Light", "the", "Refraction", "Glass", "of"]) {
      expect([word, counts.get(word)]).toEqual([
        word,
        String(text.match(new RegExp(`(?<!\\p{L})${word}(?!\\p{L})`, "gu"))?.length),
      ]);
    }
    expect([...counts.values()].reduce((sum, count) => sum + Number(count), 0)).toBe(text.match(/\p{L}+/gu)?.length);
  });

  test("leaves nothing behind at the temporary location or beside the output", async () => {
    const { around, launch, storage } = world("everything");
    await launch();
    await around.clock.advance(5_000);
    expect(storage.list(CALLER, "temp").items).toEqual([]);
    expect(storage.list(CALLER, "out").items.map(({ name }) => name)).toEqual(["wordcount/outputs-00000-of-00001"]);
  });

  test("counts words as Beam does, over all objects that match", async () => {
    const { around, launch, storage, read } = world("everything");
    storage.put(CALLER, "temp", "in/a.txt", "It's a bird, a BIRD\r\nÆther 42");
    storage.put(CALLER, "temp", "in/b.txt", "a");
    storage.put(CALLER, "temp", "in/deep/c.txt", "never");
    await launch({ parameters: { inputFile: "gs://temp/in/*.txt", output: "gs://out/o" } });
    await around.clock.advance(5_000);
    expect(read("o-00000-of-00001").trimEnd().split("\n").sort()).toEqual([
      "BIRD: 1",
      "It: 1",
      "a: 3",
      "bird: 1",
      "s: 1",
      "Æther: 1",
    ]);
  });

  test("a name is taken while its job is active", async () => {
    const { around, launch } = world();
    await launch();
    const message = expect.stringMatching(
      /^\([0-9a-f]{16}\): There is already an active job named job\. If you want to submit/,
    );
    await expect(launch()).rejects.toMatchObject({ code: "ALREADY_EXISTS", http: 409, message });
    await around.clock.advance(2_000);
    await expect(launch()).resolves.toMatchObject({ job: { name: "job" } });
  });

  test("lists by name and state, newest first, in pages", async () => {
    const { around, launch, ask } = world();
    await launch();
    await around.clock.advance(2_000);
    for (const jobName of ["job", "other"]) await launch({ jobName });
    const names = async (query: string) =>
      (await ask("GET", `${JOBS}?${query}`)).jobs?.map(({ name }: { name: string }) => name);
    expect(await names("filter=ALL")).toEqual(["other", "job", "job"]);
    expect(await names("filter=ACTIVE")).toEqual(["other", "job"]);
    expect(await names("filter=TERMINATED")).toEqual(["job"]);
    expect(await names("filter=ALL&name=other")).toEqual(["other"]);
    expect(await names("name=none")).toBeUndefined();
    const { nextPageToken } = await ask("GET", `${JOBS}?pageSize=2`);
    expect(await names(`pageSize=2&pageToken=${nextPageToken}`)).toEqual(["job"]);
    expect((await ask("GET", "projects/p/locations/europe-west1/jobs")).jobs).toBeUndefined();
  });

  test.each([
    [{ jobName: "Job" }, TEMPLATE, "INVALID_ARGUMENT", /job name "Job"/],
    [
      { parameters: { inputFile: "gs://a/b", outputs: "x" } },
      TEMPLATE,
      "INVALID_ARGUMENT",
      /outputs: Unrecognized parameter\noutput: Missing required parameter$/,
    ],
    [
      { parameters: { ...parameters, output: "/tmp/x" } },
      TEMPLATE,
      "INVALID_ARGUMENT",
      /"\/tmp\/x" is not a Cloud Storage path/,
    ],
    [{ environment: {} }, TEMPLATE, "INVALID_ARGUMENT", /"" is not a Cloud Storage path/],
    [
      { environment: { ...environment, maxWorkers: 1001 } },
      TEMPLATE,
      "INVALID_ARGUMENT",
      /maxWorkers is 1001; allowed: 1 to 1000/,
    ],
    [
      { environment: { ...environment, flexResourceSchedulingGoal: "k" } },
      TEMPLATE,
      "INVALID_ARGUMENT",
      /Unknown name "flexResourceSchedulingGoal" at 'environment'/,
    ],
    [{ update: true }, TEMPLATE, "UNIMPLEMENTED", /^update of a launch is not simulated$/],
    [
      {},
      "gs://dataflow-templates/latest/PubSub_to_BigQuery",
      "UNIMPLEMENTED",
      /^The template gs:\/\/dataflow-templates\/latest\/PubSub_to_BigQuery is not simulated/,
    ],
    [{}, "gs://mine/latest/Word_Count", "UNIMPLEMENTED", /is not simulated/],
  ])("refuses %j of %s", async (more, template, code, message) => {
    await expect(world().launch(more, template)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  test("refuses flex templates and other states than cancelled by name, unknown jobs as missing", async () => {
    const { ask } = world();
    const launchParameter = { jobName: "j", containerSpecGcsPath: "gs://mine/spec.json" };
    await expect(
      ask("POST", "projects/p/locations/us-central1/flexTemplates:launch", { launchParameter }),
    ).rejects.toMatchObject({
      code: "UNIMPLEMENTED",
      message:
        "The flex template gs://mine/spec.json is not simulated; gs://dataflow-templates-<region>/latest/flex/Yaml_Template is",
    });
    await expect(ask("PUT", `${JOBS}/x`, { requestedState: "JOB_STATE_DRAINED" })).rejects.toMatchObject({
      code: "UNIMPLEMENTED",
      message: "requestedState JOB_STATE_DRAINED of a job is not simulated; JOB_STATE_CANCELLED is",
    });
    const missing = { code: "NOT_FOUND", message: "(x): Information about job x could not be found in our system." };
    await expect(ask("GET", `${JOBS}/x`)).rejects.toMatchObject(missing);
    await expect(ask("GET", `${JOBS}/x/messages`)).rejects.toMatchObject(missing);
    await expect(ask("PUT", `${JOBS}/x`, CANCELLED)).rejects.toMatchObject(missing);
  });

  test.each([
    ["that starts", 0],
    ["that works", 1_500],
  ])("cancels a job %s, which then is in its name's way no more", async (_when, wait) => {
    const { around, ask, dataflow, launch } = world();
    const { job } = await launch();
    await around.clock.advance(wait);
    const cancelling = { id: job.id, currentState: "JOB_STATE_CANCELLING" };
    expect(await ask("PUT", `${JOBS}/${job.id}`, CANCELLED)).toMatchObject(cancelling);
    expect(await ask("PUT", `${JOBS}/${job.id}`, CANCELLED)).toMatchObject(cancelling);
    await expect(launch()).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    await around.clock.advance(1_000);
    expect(await ask("GET", `${JOBS}/${job.id}`)).toMatchObject({ currentState: "JOB_STATE_CANCELLED" });
    expect(dataflow.pending()).toBe(0);
    await expect(ask("PUT", `${JOBS}/${job.id}`, CANCELLED)).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      message: `(${job.id}): Could not modify workflow; the job is in terminal state JOB_STATE_CANCELLED.`,
    });
    expect(await launch()).toMatchObject({ job: { currentState: "JOB_STATE_PENDING" } });
  });

  test("says why a job failed in its messages", async () => {
    const { around, ask, launch } = world(GRANTS.filter((grant) => !grant.includes("workItems")));
    const { job } = await launch();
    await around.clock.advance(2_000);
    const { jobMessages } = await ask("GET", `${JOBS}/${job.id}/messages?minimumImportance=JOB_MESSAGE_ERROR`);
    expect(jobMessages).toEqual([
      {
        id: expect.stringContaining(job.id),
        time: "2026-01-01T00:00:02Z",
        messageText: "Workflow failed. Causes: worker@p lacks dataflow.workItems.lease on projects/p",
        messageImportance: "JOB_MESSAGE_ERROR",
      },
    ]);
    const all = await ask("GET", `${JOBS}/${job.id}/messages`);
    expect(all.jobMessages).toHaveLength(2);
    const first = await ask("GET", `${JOBS}/${job.id}/messages?pageSize=1`);
    expect(first.jobMessages).toEqual(all.jobMessages.slice(0, 1));
    const rest = await ask("GET", `${JOBS}/${job.id}/messages?pageToken=${first.nextPageToken}`);
    expect(rest).toEqual({ jobMessages: all.jobMessages.slice(1) });
    await expect(ask("GET", `${JOBS}/${job.id}/messages?startTime=2026-01-01T00:00:00Z`)).rejects.toMatchObject({
      code: "UNIMPLEMENTED",
      message: "startTime of messages is not simulated",
    });
  });

  test("cancelling and messages need permissions of their own", async () => {
    const { ask, launch } = world(GRANTS.filter((grant) => !/cancel|messages/.test(grant)));
    const { job } = await launch();
    await expect(ask("PUT", `${JOBS}/${job.id}`, CANCELLED)).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: "launcher@p lacks dataflow.jobs.cancel on projects/p",
    });
    await expect(ask("GET", `${JOBS}/${job.id}/messages`)).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: "launcher@p lacks dataflow.messages.list on projects/p",
    });
  });

  test.each([
    ["launcher@p dataflow.jobs.create projects/p", "dataflow.jobs.create on projects/p"],
    [
      "launcher@p iam.serviceAccounts.actAs projects/p/serviceAccounts/worker@p",
      "iam.serviceAccounts.actAs on projects/p/serviceAccounts/worker@p",
    ],
  ])("the launcher needs %s", async (grant, lacking) => {
    const { launch, dataflow } = world(GRANTS.filter((other) => other !== grant));
    await expect(launch()).rejects.toMatchObject({ code: "PERMISSION_DENIED", message: `launcher@p lacks ${lacking}` });
    expect(dataflow.jobs).toEqual([]);
  });

  test("without a service account workers are the default compute account", async () => {
    const { launch } = world();
    await expect(launch({ environment: { tempLocation: "gs://temp/t" } })).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message:
        "launcher@p lacks iam.serviceAccounts.actAs on projects/p/serviceAccounts/123-compute@developer.gserviceaccount.com",
    });
  });

  test.each(WORKER_GRANTS)("fails without %s", async (grant) => {
    const { around, launch, dataflow } = world(GRANTS.filter((other) => other !== grant));
    await launch();
    await around.clock.advance(2_000);
    const [, permission, on = ""] = grant.split(" ");
    const [job] = dataflow.jobs;
    expect(job?.state).toBe("JOB_STATE_FAILED");
    expect(job?.failure).toMatch(`worker@p lacks ${permission} on ${on.replace("*", "")}`);
    expect(around.hops.at(-1)?.status).toBe(`JOB_STATE_FAILED: ${job?.failure}`);
  });

  test("fails when there is no input", async () => {
    const { around, launch, dataflow } = world("everything");
    await launch({ parameters: { ...parameters, inputFile: "gs://temp/none*" } });
    await around.clock.advance(2_000);
    expect(dataflow.jobs[0]).toMatchObject({
      state: "JOB_STATE_FAILED",
      failure: "No files matched spec: gs://temp/none*",
    });
  });

  test("a stack's own job runs from the start, or is refused with its address", async () => {
    const attributes = {
      name: "deployed",
      template_gcs_path: TEMPLATE,
      temp_gcs_location: "gs://temp/t",
      parameters,
      service_account_email: "worker@p",
      labels: { a: "b" },
    };
    const { around, dataflow } = world(WORKER_GRANTS, [attributes]);
    expect(dataflow.pending()).toBe(1);
    await around.clock.advance(2_000);
    expect(dataflow.jobs.map(({ launch, state, location }) => [launch.name, state, location])).toEqual([
      ["deployed", "JOB_STATE_DONE", "us-central1"],
    ]);
    expect(() => world(WORKER_GRANTS, [{ ...attributes, template_gcs_path: "gs://mine/t" }])).toThrow(
      "google_dataflow_job.j: The template gs://mine/t is not simulated; gs://dataflow-templates/latest/Word_Count is",
    );
  });

  test("stopping ends what is active", async () => {
    const { around, dataflow, launch } = world();
    await launch();
    dataflow.stop();
    await around.clock.advance(5_000);
    expect([dataflow.pending(), dataflow.jobs[0]?.state]).toEqual([0, "JOB_STATE_CANCELLED"]);
  });
});
