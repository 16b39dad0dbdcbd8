import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { VirtualClock } from "../../src/core/virtual-clock";
import { type Client, RequestFailed } from "../../src/machine/client";
import { plainCommands } from "../../src/machine/commands";
import { startStack } from "../../src/machine/machine";
import type { RunningStack } from "../../src/machine/running-stack";

/*
 * Jobs as processes: a Node.js command in place of each image, with its account's tokens and no
 * other.
 */

const JOB = "projects/acme-ml/locations/us-central1/jobs/jobs-train-dev";
const TRAINING = "us-docker.pkg.dev/acme-ml/images/train:1";
const VERTEX = "projects/acme-ml/locations/us-central1";
const email = (id: string) => `${id}@acme-ml.iam.gserviceaccount.com`;

/** Writes what it was told to the bucket, as the account that the metadata server says it is. */
const PROGRAM = `
  const metadata = (path) => fetch("http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/" + path, {
    headers: { "Metadata-Flavor": "Google" },
  });
  (async () => {
    const { CLOUD_RUN_TASK_INDEX: task = "0", CLOUD_RUN_TASK_ATTEMPT: attempt = "0", MODE, AIP_MODEL_DIR } = process.env;
    if (task === "1" && attempt === "0") process.exit(1);
    const { access_token: token } = await (await metadata("token")).json();
    const body = JSON.stringify({ args: process.argv.slice(2), MODE, AIP_MODEL_DIR, attempt });
    const url = "https://storage.googleapis.com/upload/storage/v1/b/acme-ml-runs/o?uploadType=media&name=" + process.argv[2] + "-" + task;
    const answer = await fetch(url, { method: "POST", body, headers: { authorization: "Bearer " + token } });
    console.log("wrote", await (await metadata("email")).text(), answer.status);
    if (!answer.ok) process.exit(3);
  })();
`;

const account = (id: string) => ({ account_id: id });
const grant = (role: string, id: string) => ({ role, member: `serviceAccount:${email(id)}` });
const onJob = (role: string) => ({ ...grant(role, "client"), name: "jobs-train-dev", location: "us-central1" });
const onBucket = (id: string) => ({
  role: "roles/storage.objectUser",
  member: `serviceAccount:${email(id)}`,
  bucket: "acme-ml-runs",
});

const STACK = {
  provider: { google: [{ project: "acme-ml", region: "us-central1" }] },
  resource: {
    google_service_account: {
      client: account("client"),
      task: account("task"),
      trainer: account("trainer"),
      other: account("other"),
    },
    google_storage_bucket: { runs: { name: "acme-ml-runs", location: "US" } },
    google_cloud_run_v2_job: {
      train: {
        name: "jobs-train-dev",
        location: "us-central1",
        template: {
          task_count: 2,
          template: {
            service_account: "${google_service_account.task.email}",
            containers: [
              {
                image: "us-docker.pkg.dev/acme-ml/images/job:1",
                args: ["unused"],
                env: [{ name: "MODE", value: "full" }],
              },
            ],
          },
        },
      },
    },
    google_cloud_run_v2_job_iam_member: {
      run: onJob("roles/run.jobsExecutorWithOverrides"),
      read: onJob("roles/run.viewer"),
    },
    google_storage_bucket_iam_member: { task: onBucket("task"), trainer: onBucket("trainer") },
    google_project_iam_member: { vertex: { ...grant("roles/aiplatform.user", "client"), project: "acme-ml" } },
    google_service_account_iam_member: Object.fromEntries(
      ["trainer", "other"].map((id) => [
        id,
        {
          ...grant("roles/iam.serviceAccountUser", "client"),
          service_account_id: `projects/acme-ml/serviceAccounts/${email(id)}`,
        },
      ]),
    ),
    // Vertex AI's jobs are no resources: the image is in the environment of what creates them.
    google_workflows_workflow: {
      flow: {
        name: "flow",
        region: "us-central1",
        source_contents: "main:\n  steps:\n    - end:\n        return: 1\n",
        user_env_vars: { IMAGE: TRAINING },
      },
    },
  },
};

let root: string;
let running: RunningStack;
let client: Client;
const lines: string[] = [];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "jobs "));
  mkdirSync(join(root, "jobs"));
  writeFileSync(join(root, "jobs", "cdk.tf.json"), JSON.stringify(STACK));
  const program = join(root, "train.cjs");
  writeFileSync(program, PROGRAM);
  const command = `'${process.execPath}' '${program}'`;
  const clock = new VirtualClock();
  running = await startStack(join(root, "jobs"), {
    clock,
    run: { train: `MODE=$MODE! ${command}`, [TRAINING]: command },
    onLog: (name, { message }) => lines.push(`${name}: ${message}`),
  });
  clock.run(() => running.pending() > 0);
  client = running.client(email("client"));
});
afterAll(async () => {
  await running?.stop();
  rmSync(root, { recursive: true, force: true });
});

const ask = (method: "GET" | "POST", url: string, body?: object) =>
  // biome-ignore lint/suspicious/noExplicitAny: a job or an execution.
  client.json<any>(method, `https://${url}`, body);
const written = async (name: string) =>
  JSON.parse((await running.client(email("task")).download("acme-ml-runs", name)).toString());

test("a Cloud Run job: a process a task, arguments behind the command, retried, as its account", async () => {
  const overrides = { containerOverrides: [{ args: ["a b's", "$HOME"], env: [{ name: "MODE", value: "small" }] }] };
  const { metadata } = await ask("POST", `run.googleapis.com/v2/${JOB}:run`, { overrides });
  expect(await running.settled()).toBe("idle");
  const execution = await ask("GET", `us-central1-run.googleapis.com/v2/${metadata.name}`);
  expect(execution).toMatchObject({ succeededCount: 2, retriedCount: 1, creator: email("client") });
  const what = { args: ["a b's", "$HOME"], MODE: "small!" };
  expect(await written("a b's-0")).toEqual({ ...what, attempt: "0" });
  expect(await written("a b's-1")).toEqual({ ...what, attempt: "1" });
  expect(lines.filter((line) => line.startsWith("jobs-train-dev: "))).toEqual(
    Array.from({ length: 2 }, () => `jobs-train-dev: wrote ${email("task")} 200`),
  );
  const endpoint = await ask("GET", `run.us-central1.rep.googleapis.com/v2/${JOB}/executions`);
  expect(endpoint.executions).toHaveLength(1);
});

test("a command for a terminal runs the job as an account that may", async () => {
  const commands = await plainCommands(running, "http://127.0.0.1:1");
  const { command = "" } =
    commands.find(({ title }) => title === `run the job jobs-train-dev as ${email("client")}`) ?? {};
  const { stdout } = await promisify(execFile)("sh", ["-c", command]);
  expect(JSON.parse(stdout).metadata).toMatchObject({ job: "jobs-train-dev", creator: email("client") });
  expect(await running.settled()).toBe("idle");
});

const custom = (id: string) => ({
  displayName: `train-${id}`,
  jobSpec: {
    workerPoolSpecs: [
      { machineSpec: { machineType: "n1-standard-4" }, containerSpec: { imageUri: TRAINING, args: [id] } },
    ],
    serviceAccount: email(id),
    baseOutputDirectory: { outputUriPrefix: "gs://acme-ml-runs/r1" },
  },
});

test("a custom job of Vertex AI: the command of its image, whose exit code decides", async () => {
  const { name } = await ask(
    "POST",
    `us-central1-aiplatform.googleapis.com/v1/${VERTEX}/customJobs`,
    custom("trainer"),
  );
  expect(await running.settled()).toBe("idle");
  const job = await ask("GET", `us-central1-aiplatform.googleapis.com/v1/${name}`);
  expect(job).toMatchObject({ state: "JOB_STATE_SUCCEEDED" });
  expect(await written("trainer-0")).toMatchObject({ args: ["trainer"], AIP_MODEL_DIR: "gs://acme-ml-runs/r1/model/" });
  expect(lines).toContain(`train-trainer: wrote ${email("trainer")} 200`);
});

test("a process has the rights of its account, and fails without them", async () => {
  const { name } = await ask("POST", `us-central1-aiplatform.googleapis.com/v1/${VERTEX}/customJobs`, custom("other"));
  await running.settled();
  while (running.pending() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await ask("GET", `us-central1-aiplatform.googleapis.com/v1/${name}`)).toMatchObject({
    state: "JOB_STATE_FAILED",
    error: {
      code: 3,
      message: `The replica workerpool0-0 exited with a non-zero status of 3. Termination reason: Error. \nwrote ${email("other")} 403`,
    },
  });
  expect(running.parts.denials).toMatchObject([{ email: email("other"), permission: "storage.objects.create" }]);
  await expect(
    ask("POST", `us-central1-aiplatform.googleapis.com/v1/${VERTEX}/customJobs`, custom("task")),
  ).rejects.toThrow(RequestFailed);
});
