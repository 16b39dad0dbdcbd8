import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { TerraformVariable } from "cdktf";
import fc from "fast-check";
import { Alerts } from "../../lib/parts/alerts";
import { Bucket } from "../../lib/parts/bucket";
import { ContainerJob } from "../../lib/parts/container-job";
import { ContainerService, type ContainerServiceProps } from "../../lib/parts/container-service";
import { CustomRole } from "../../lib/parts/custom-role";
import { DataflowJob } from "../../lib/parts/dataflow-job";
import { DataflowTemplate } from "../../lib/parts/dataflow-template";
import { DataflowWorkers } from "../../lib/parts/dataflow-workers";
import { Filter } from "../../lib/parts/filter";
import type { GoogleStack } from "../../lib/parts/google-stack";
import { Schedule, ScheduleTarget } from "../../lib/parts/schedule";
import { ServiceIdentity } from "../../lib/parts/service-identity";
import { TaskQueue } from "../../lib/parts/task-queue";
import { Topic } from "../../lib/parts/topic";
import { WorkerPool } from "../../lib/parts/worker-pool";
import { Workflow } from "../../lib/parts/workflow";
import { evaluate } from "../../packages/terraform-json/src/evaluate";
import { parseTemplate } from "../../packages/terraform-json/src/expression";
import type { Value } from "../../packages/terraform-json/src/values";
import { cases } from "../support/deep";
import { onlyIf } from "../support/only-if";
import { errorsOf, type Json, only, temporaryFolder, testFunction, testStack } from "./support";

/** What Terraform, JSON or cdktf could read as something of their own. */
const PARTS = [
  ..."${}%\\\"'`~#/<>&=,:[] aZ0é",
  "${",
  "%{",
  "$${",
  "%%{",
  "${a.b}",
  "%{ if true }",
  "\n",
  "\t",
  "\r\n",
  "\u0001",
  "\u007f",
  "\u2028",
  "😀",
  "null",
  "\\u0041",
];
const hostile = fc.string({ unit: fc.constantFrom(...PARTS), minLength: 1, maxLength: 12 });

/** Every property that takes any text: how it is given, and where it is in the JSON. */
const PROPERTIES: Readonly<
  Record<string, { give: (stack: GoogleStack, text: string) => unknown; find: (stack: GoogleStack) => unknown }>
> = {
  "title of an alert": {
    give: (stack, title) => alert(stack, { title }),
    find: (stack) => only(stack, "google_monitoring_alert_policy").display_name,
  },
  "runbook of an alert": {
    give: (stack, runbook) => alert(stack, { runbook }),
    find: (stack) => at(only(stack, "google_monitoring_alert_policy"), "documentation", "content"),
  },
  "filter of an alert": {
    give: (stack, filter) => alert(stack, { filter }),
    find: (stack) =>
      at(only(stack, "google_monitoring_alert_policy"), "conditions", 0, "condition_threshold", "filter"),
  },
  "prefix of a notification": {
    give: (stack, prefix) => new Bucket(stack, "b").notify(new Topic(stack, "t"), { prefix }),
    find: (stack) => only(stack, "google_storage_notification").object_name_prefix,
  },
  "definition of a schema": {
    give: (stack, definition) =>
      new Topic(stack, "t", {
        schema: { type: "AVRO", definition: JSON.stringify({ type: "string", doc: definition }) },
      }),
    find: (stack) => [only(stack, "google_pubsub_schema").definition, (text: string) => JSON.parse(text).doc],
  },
  "value in a filter": {
    give: (stack, value) => new Topic(stack, "t").addPullSubscription("s", { filter: Filter.equals("k", value) }),
    find: (stack) => [
      only(stack, "google_pubsub_subscription").filter,
      (text: string) => JSON.parse(text.replace("attributes.k = ", "").replace(/\\x7f/g, "\u007f")),
    ],
  },
  "environment variable of a function": {
    give: (stack, TEXT) => testFunction(stack, "f", { environment: { TEXT } }),
    find: (stack) =>
      at(only(stack, "google_cloudfunctions2_function"), "service_config", "environment_variables", "TEXT"),
  },
  "description of a function": {
    give: (stack, description) => testFunction(stack, "f", { description }),
    find: (stack) => only(stack, "google_cloudfunctions2_function").description,
  },
  "connector of a function": {
    give: (stack, connector) => testFunction(stack, "f", { vpc: { connector } }),
    find: (stack) => at(only(stack, "google_cloudfunctions2_function"), "service_config", "vpc_connector"),
  },
  "environment variable of a container service": {
    give: (stack, TEXT) => service(stack, { environment: { TEXT } }),
    // After FUNCTION_TIMEOUT_SECONDS and GOOGLE_CLOUD_PROJECT.
    find: (stack) => at(container(only(stack, "google_cloud_run_v2_service")), "env", 2, "value"),
  },
  "description of a container service": {
    give: (stack, description) => service(stack, { description }),
    find: (stack) => only(stack, "google_cloud_run_v2_service").description,
  },
  "gRPC service of a probe": {
    give: (stack, grpc) => service(stack, { startupProbe: { grpc } }),
    find: (stack) => at(container(only(stack, "google_cloud_run_v2_service")), "startup_probe", "grpc", "service"),
  },
  "argument of a container job": {
    give: (stack, text) => new ContainerJob(stack, "job", { image: IMAGE, args: ["--text", text] }),
    find: (stack) => at(container(at(only(stack, "google_cloud_run_v2_job"), "template")), "args", 1),
  },
  "command of a worker pool": {
    give: (stack, text) => new WorkerPool(stack, "pool", { image: IMAGE, command: [text] }),
    find: (stack) => at(container(only(stack, "google_cloud_run_v2_worker_pool")), "command", 0),
  },
  "description of an identity": {
    give: (stack, description) => new ServiceIdentity(stack, "some-identity", { description }),
    find: (stack) => only(stack, "google_service_account").description,
  },
  "title of a custom role": {
    give: (stack, title) => new CustomRole(stack, "role", { title, description: "", permissions: [] }),
    find: (stack) => only(stack, "google_project_iam_custom_role").title,
  },
  "description of a workflow": {
    give: (stack, description) => workflow(stack, { description }),
    find: (stack) => only(stack, "google_workflows_workflow").description,
  },
  "variable of a workflow": {
    give: (stack, TEXT) => workflow(stack, { variables: { TEXT } }),
    find: (stack) => at(only(stack, "google_workflows_workflow"), "user_env_vars", "TEXT"),
  },
  "definition of a workflow": {
    give: (stack, text) => workflow(stack, { source: definition(JSON.stringify([text])) }),
    find: (stack) => [only(stack, "google_workflows_workflow").source_contents, (text: string) => JSON.parse(text)[0]],
  },
  "parameter of a Dataflow job": {
    give: (stack, text) => dataflowJob(stack, { text }),
    find: (stack) => at(only(stack, "google_dataflow_job"), "parameters", "text"),
  },
  "description of a schedule": {
    give: (stack, description) => schedule(stack, {}, description),
    find: (stack) => only(stack, "google_cloud_scheduler_job").description,
  },
  "body of a schedule": {
    give: (stack, text) => schedule(stack, bodyWith(text)),
    find: (stack) => [body(stack), (text: string) => textIn(decoded(text))],
  },
  "body of a task": {
    give: (stack, text) => task(stack, bodyWith(text)),
    find: (stack) => [
      body(stack),
      (text: string) => textIn(decoded((decoded(text) as Json & Task).task.httpRequest.body)),
    ],
  },
  "header of a task": {
    give: (stack, text) => task(stack, {}, { text }),
    find: (stack) => [body(stack), (text: string) => (decoded(text) as Json & Task).task.httpRequest.headers.text],
  },
};

interface Task {
  readonly task: { readonly httpRequest: { readonly body: string; readonly headers: Record<string, string> } };
}

/** The text as a value, in a list after a null, as a key, and as a key below a key. */
function bodyWith(text: string): Json {
  return { text, list: [null, undefined, text, [text]], [`key ${text}`]: { [text]: 1.5 }, none: undefined };
}

/** The text, where all of it came through. */
function textIn(json: Json): unknown {
  expect(json).toEqual(JSON.parse(JSON.stringify(bodyWith(json.text as string))));
  return json.text;
}

const IMAGE = "us-docker.pkg.dev/acme-ml/workers/ocr:1";

function service(stack: GoogleStack, props: Partial<ContainerServiceProps>) {
  new ContainerService(stack, "ocr", { image: IMAGE, ...props });
}

function container(resource: unknown): unknown {
  return at(resource, "template", "containers", 0);
}

function alert(stack: GoogleStack, props: Partial<Parameters<Alerts["add"]>[1]>) {
  Alerts.of(stack).add(stack, { title: "t", runbook: "r", filter: "f", aligner: "ALIGN_MAX", threshold: 0, ...props });
}

function workflow(stack: GoogleStack, props: Partial<ConstructorParameters<typeof Workflow>[2]>) {
  new Workflow(stack, "w", { source: definition("main: {}"), ...props });
}

let definitions = 0;
function definition(text: string): string {
  const file = join(folder, `${definitions++}.yaml`);
  writeFileSync(file, text);
  return file;
}

function dataflowJob(stack: GoogleStack, parameters: Record<string, string>) {
  const bucket = new Bucket(stack, "b");
  const workers = new DataflowWorkers(stack, "w", { tempBucket: bucket, outputBucket: bucket });
  new DataflowJob(stack, "j", { template: DataflowTemplate.classic("gs://acme/t"), workers, parameters });
}

function schedule(stack: GoogleStack, json: unknown, description?: string) {
  const target = ScheduleTarget.invoke(testFunction(stack, "f"), json);
  new Schedule(stack, "s", { cron: "0 3 * * *", target, description });
}

function task(stack: GoogleStack, json: unknown, headers?: Record<string, string>) {
  const queue = new TaskQueue(stack, "queue");
  const worker = testFunction(stack, "f");
  queue.dispatchTo(worker);
  const target = ScheduleTarget.createTask({ queue, worker, body: json, headers });
  new Schedule(stack, "s", { cron: "0 3 * * *", target });
}

function body(stack: GoogleStack): unknown {
  return at(only(stack, "google_cloud_scheduler_job"), "http_target", "body");
}

function decoded(base64: string): Json {
  return JSON.parse(Buffer.from(base64, "base64").toString());
}

function at(value: unknown, ...keys: (string | number)[]): unknown {
  return keys.reduce((inner, key) => (inner as Json)[key], value);
}

/** A template of the JSON, and how the text is read from what it gives. */
function templateOf(name: string, text: string): { template: string; read: (value: string) => unknown } {
  const stack = testStack({ notificationEmails: ["a@acme.com"] });
  const property = PROPERTIES[name] as (typeof PROPERTIES)[string];
  property.give(stack, text);
  expect(errorsOf(stack)).toEqual([]);
  const found = property.find(stack);
  const [template, read = (value: string) => value] = (Array.isArray(found) ? found : [found]) as [
    string,
    ((value: string) => unknown)?,
  ];
  return { template, read };
}

const folder = temporaryFolder();

function terraformIsThere(): boolean {
  try {
    return execFileSync("terraform", ["version"], { stdio: "pipe" }).includes("Terraform v1");
  } catch {
    return false;
  }
}

describe("text that users give", () => {
  test.each(Object.keys(PROPERTIES))("reaches Google as it was given: %s", (name) => {
    fc.assert(
      fc.property(hostile, (text) => {
        const { template, read } = templateOf(name, text);
        expect(read(evaluate(parseTemplate(template), refuse))).toBe(text);
      }),
      { numRuns: cases(12), examples: [['${a} %{b} $${c} %%{d} "e" C:\\f']] },
    );
  });

  onlyIf(terraformIsThere(), "there is no terraform on the PATH", () => {
    test("reaches Google as it was given, by Terraform's own reading", () => {
      const cases = Object.keys(PROPERTIES).flatMap((name) =>
        fc.sample(hostile, { numRuns: 4, seed: 7 }).map((text) => ({ text, ...templateOf(name, text) })),
      );
      const output = Object.fromEntries(cases.map(({ template }, index) => [`o${index}`, { value: template }]));
      writeFileSync(join(folder, "main.tf.json"), JSON.stringify({ output }));
      const terraform = (...args: string[]) =>
        execFileSync("terraform", args, {
          cwd: folder,
          encoding: "utf8",
          stdio: "pipe",
          env: { ...process.env, CHECKPOINT_DISABLE: "1" },
        });
      terraform("plan", "-input=false", "-out=plan");
      const { planned_values } = JSON.parse(terraform("show", "-json", "plan"));
      for (const [index, { text, read }] of cases.entries()) {
        expect(read(planned_values.outputs[`o${index}`].value)).toBe(text);
      }
    });
  });

  test("keeps tokens: alone, amid text, and behind a brace that is not closed", () => {
    const stack = testStack();
    const name = new TerraformVariable(stack, "name", { type: "string" }).stringValue;
    const count = new TerraformVariable(stack, "count", { type: "number" }).numberValue;
    const list = new TerraformVariable(stack, "list", { type: "list(string)" }).listValue;
    schedule(stack, { name, [name]: `"${name}"`, open: `\${ ${name} }`, count, list }, `\${a}-${name} %{ ${name}`);
    const { description, http_target } = only(stack, "google_cloud_scheduler_job");
    const values: Readonly<Record<string, Value>> = { name: 'x"y', count: 7, list: ["a", "b"] };
    const value = (template: unknown) =>
      evaluate(parseTemplate(template as string), (_root, [key]) => values[key as string] as Value);
    expect(value(description)).toBe('${a}-x"y %{ x"y');
    expect(decoded(value((http_target as Json).body) as string)).toEqual({
      name: 'x"y',
      'x"y': '"x"y"',
      open: '${ x"y }',
      count: 7,
      list: ["a", "b"],
    });
  });

  test.each([
    [{ a: Number.NaN }, "JSON cannot hold the number NaN"],
    [{ a: 10n }, "JSON cannot hold the number 10"],
    [["\ud83d"], 'JSON cannot hold "\\ud83d", which has a lone surrogate'],
    [undefined, "JSON cannot hold undefined"],
  ])("that JSON cannot hold is reported: %p", (json, message) => {
    const stack = testStack();
    task(stack, json);
    expect(errorsOf(stack)).toEqual([expect.stringContaining(`[stack/s] InvalidValue: body: ${message}`)]);
  });
});

function refuse(): never {
  throw new Error("a reference was read into the text");
}
