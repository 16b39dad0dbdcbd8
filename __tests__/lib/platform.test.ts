import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { externalGrantee } from "../../lib/core/grantee";
import { Alerts } from "../../lib/parts/alerts";
import { Bucket } from "../../lib/parts/bucket";
import { CustomRole } from "../../lib/parts/custom-role";
import { DataflowJob, type DataflowJobProps } from "../../lib/parts/dataflow-job";
import { DataflowTemplate } from "../../lib/parts/dataflow-template";
import { type DataflowNetwork, DataflowWorkers } from "../../lib/parts/dataflow-workers";
import { DeadLetter } from "../../lib/parts/dead-letter";
import { EncryptionKey } from "../../lib/parts/encryption-key";
import type { GoogleStack } from "../../lib/parts/google-stack";
import { grantOnProject } from "../../lib/parts/grants";
import { PredictionEndpoint } from "../../lib/parts/prediction-endpoint";
import { RequiredApis } from "../../lib/parts/required-apis";
import { ServiceAgents } from "../../lib/parts/service-agents";
import { ServiceIdentity } from "../../lib/parts/service-identity";
import { TaskQueue } from "../../lib/parts/task-queue";
import { Workflow, type WorkflowProps } from "../../lib/parts/workflow";
import { grantLines } from "./iam";
import {
  all,
  byType,
  type Edges,
  errorsOf,
  expectEdges,
  type Json,
  only,
  synthesized,
  temporaryFolder,
  testFunction,
  testStack,
  thrownBy,
} from "./support";

const KEY = "projects/acme-ml/locations/us-central1/keyRings/ml/cryptoKeys/data";
const WORKFLOW = "google_workflows_workflow";
const ops = externalGrantee("group:ops@acme.com");

describe("GoogleStack", () => {
  test("keeps its state in the given bucket, under environment and stack", () => {
    const { terraform } = synthesized(testStack({ stateBucket: "acme-state", environment: "prod" }, "batch"));
    expect(terraform).toEqual({
      backend: { gcs: { bucket: "acme-state", prefix: "prod/batch" } },
      required_providers: ["google"],
    });
  });

  test("without a bucket the state's path is relative, so that the output does not depend on the folder", () => {
    const { terraform, provider } = synthesized(testStack({}, "batch"));
    expect(terraform).toMatchObject({ backend: { local: { path: "../../../terraform.dev.batch.tfstate" } } });
    expect(provider).toEqual({ google: [{ project: "acme-ml", region: "us-central1" }] });
  });
});

describe("ServiceIdentity", () => {
  test("is an account without any role", () => {
    const stack = testStack();
    new ServiceIdentity(stack, "worker", { description: "Works", overrides: { disabled: true } });
    new ServiceIdentity(stack, "named", { description: "Named", name: "my-account" });
    expect(only(stack, "google_service_account", "stack-worker-dev")).toMatchObject({
      account_id: "stack-worker-dev",
      display_name: "stack-worker-dev",
      description: "Works",
      project: "acme-ml",
      disabled: true,
    });
    expect(only(stack, "google_service_account", "my-account")).toMatchObject({ description: "Named" });
    expect(grantLines(stack)).toEqual([]);
  });

  test("acting as it and minting its tokens are granted on it alone, once", () => {
    const stack = testStack();
    const worker = new ServiceIdentity(stack, "worker", { description: "Works" });
    for (const _ of [1, 2]) {
      worker.grantActAs(worker);
      worker.grantOpenIdTokens(ops);
    }
    expect(grantLines(stack)).toEqual([
      "group:ops@acme.com | roles/iam.serviceAccountOpenIdTokenCreator | service account stack-worker-dev",
      "stack-worker-dev | roles/iam.serviceAccountUser | service account stack-worker-dev",
    ]);
  });
});

describe("build identity", () => {
  test("functions are built by one identity of the stack, which reads sources and nothing else", () => {
    const stack = testStack();
    testFunction(stack, "one");
    testFunction(stack, "two");
    expect(grantLines(stack)).toEqual([
      "stack-build-dev | roles/artifactregistry.writer | project acme-ml",
      "stack-build-dev | roles/logging.logWriter | project acme-ml",
      "stack-build-dev | roles/storage.objectViewer if function-source-copies | project acme-ml",
      "stack-build-dev | roles/storage.objectViewer | bucket acme-ml-stack-function-sources-dev",
    ]);
    const conditions = all(stack, "google_project_iam_member").flatMap(({ condition }) =>
      condition ? [condition as Json] : [],
    );
    expect(conditions.map(({ expression }) => expression)).toEqual([
      'resource.name.startsWith("projects/_/buckets/gcf-v2-sources-") || resource.name.startsWith("projects/_/buckets/gcf-v2-uploads-") || resource.name.startsWith("projects/_/buckets/run-sources-")',
    ]);
  });

  test("the source bucket can be destroyed and made again, as sources come from the repository", () => {
    const stack = testStack();
    testFunction(stack);
    expect(only(stack, "google_storage_bucket")).toMatchObject({
      force_destroy: true,
      soft_delete_policy: { retention_duration_seconds: 0 },
      public_access_prevention: "enforced",
    });
    expect(only(stack, "google_storage_bucket_object")).toMatchObject({ lifecycle: { create_before_destroy: true } });
  });
});

test("an API is enabled once and stays enabled when the stack is destroyed", () => {
  const stack = testStack();
  const apis = RequiredApis.of(stack);
  expect(apis.enable("pubsub")).toBe(RequiredApis.of(new DeadLetter(stack, "a")).enable("pubsub"));
  expect(only(stack, "google_project_service", "pubsub.googleapis.com")).toEqual({
    project: "acme-ml",
    service: "pubsub.googleapis.com",
    disable_on_destroy: false,
    depends_on: [expect.stringMatching(/^google_project_service\.apis_cloudresourcemanager_/)],
  });
});

describe("service agents", () => {
  test.each([
    ["cloudTasks", "gcp-sa-cloudtasks"],
    ["pubsub", "gcp-sa-pubsub"],
    ["cloudFunctions", "gcf-admin-robot"],
    ["cloudRun", "serverless-robot-prod"],
    ["artifactRegistry", "gcp-sa-artifactregistry"],
    ["workflows", "gcp-sa-workflows"],
    ["dataflow", "dataflow-service-producer-prod"],
    ["compute", "compute-system"],
  ] as const)("%s has the project's number and the domain %s", (agent, domain) => {
    const stack = testStack();
    grantOnProject(stack, "roles/logging.logWriter", ServiceAgents.of(stack)[agent]);
    expect(only(stack, "google_project_iam_member").member).toMatch(
      new RegExp(
        `^serviceAccount:service-\\$\\{data\\.google_project\\.[^}]*\\.number\\}@${domain}\\.iam\\.gserviceaccount\\.com$`,
      ),
    );
  });

  test("project and storage agent are looked up once a stack", () => {
    const stack = testStack();
    const agents = ServiceAgents.of(stack);
    for (const agent of [agents.pubsub, agents.cloudTasks, agents.storage, agents.storage]) {
      grantOnProject(stack, "roles/logging.logWriter", agent);
    }
    const json = synthesized(stack);
    expect(Object.values(byType(json, "google_project", "data"))).toMatchObject([{ project_id: "acme-ml" }]);
    expect(Object.keys(byType(json, "google_storage_project_service_account", "data"))).toHaveLength(1);
    expect(Object.keys(byType(json, "google_project_iam_member"))).toHaveLength(3);
  });
});

describe("CustomRole", () => {
  const props = { title: "T", description: "D", permissions: ["b.c.d", "a.b.c"] };

  test("is made once a stack, of exactly its permissions, and granted on the project", () => {
    const stack = testStack();
    CustomRole.of(stack, "reader", props).grant(ops);
    CustomRole.of(stack, "reader", props).grant(ops);
    expect(only(stack, "google_project_iam_custom_role")).toEqual({
      project: "acme-ml",
      role_id: "stack_reader_dev",
      title: "T",
      description: "D",
      permissions: ["a.b.c", "b.c.d"],
      stage: "GA",
      depends_on: [
        expect.stringMatching(/^google_project_service\.apis_iam_/),
        expect.stringMatching(/^time_sleep\.apis_take-effect_/),
      ],
    });
    expect(grantLines(stack)).toEqual(["group:ops@acme.com | custom role stack_reader_dev | project acme-ml"]);
  });

  test("two roles whose names end alike are both granted or reported, never dropped", () => {
    const stack = testStack();
    grantOnProject(stack, "roles/dataflow.worker", ops);
    grantOnProject(stack, "roles/other.worker", ops);
    expect(errorsOf(stack)).toEqual([
      expect.stringMatching(/^\[stack\/project-grants\] InvalidGrant: roles\/other\.worker cannot be granted to /),
    ]);
  });
});

describe("EncryptionKey", () => {
  test("its use is granted on the key, once for each agent", () => {
    const stack = testStack();
    const key = new EncryptionKey(stack, "key", KEY);
    expect(key.grantUse(stack, ops)).toBe(new EncryptionKey(stack, "again", KEY).grantUse(stack, ops));
    expect(only(stack, "google_kms_crypto_key_iam_member")).toEqual({
      crypto_key_id: KEY,
      role: "roles/cloudkms.cryptoKeyEncrypterDecrypter",
      member: "group:ops@acme.com",
      depends_on: [expect.stringMatching(/^google_project_service\.apis_cloudkms_/)],
    });
  });

  test.each(["my-key", `${KEY}/cryptoKeyVersions/1`, "projects/p/locations/l/keyRings/r"])("%s is none", (name) => {
    const stack = testStack();
    new EncryptionKey(stack, "key", name);
    expect(errorsOf(stack)).toEqual([
      `[stack/key] InvalidValue: encryption key is "${name}"; allowed is projects/<project>/locations/<location>/keyRings/<ring>/cryptoKeys/<key>`,
    ]);
  });
});

describe("PredictionEndpoint", () => {
  test("lets somebody predict, and nothing else", () => {
    const stack = testStack();
    const endpoint = new PredictionEndpoint(stack, "endpoint", "42");
    endpoint.grantPredict(ops);
    endpoint.grantPredict(ops);
    expect(endpoint.fullName).toBe("projects/acme-ml/locations/us-central1/endpoints/42");
    expect(grantLines(stack)).toEqual(["group:ops@acme.com | custom role stack_predictor_dev | project acme-ml"]);
    expect(only(stack, "google_project_iam_custom_role").permissions).toEqual(["aiplatform.endpoints.predict"]);
  });

  // Source: `endpoints.create`, `endpointId`, in the discovery document of aiplatform v1.
  test.each([
    "7",
    "9".repeat(20),
    "a",
    "my-endpoint",
    `a${"-1".repeat(31)}`,
    "mg-endpoint-00bad2fe-e062-4caf-97f4-4076070b6bca",
  ])('"%s" is an id of an endpoint', (id) => {
    const stack = testStack();
    expect(new PredictionEndpoint(stack, "endpoint", id).predictUrl).toBe(
      `https://us-central1-aiplatform.googleapis.com/v1/projects/acme-ml/locations/us-central1/endpoints/${id}:predict`,
    );
    expect(errorsOf(stack)).toEqual([]);
  });

  test.each(["", "0", "012", "1".repeat(21), "1a", "-a", "a-", "My-Endpoint", "my_endpoint", `a${"b".repeat(63)}`])(
    '"%s" is no id of an endpoint',
    (id) => {
      const stack = testStack();
      new PredictionEndpoint(stack, "endpoint", id);
      expect(errorsOf(stack)).toEqual([
        `[stack/endpoint] InvalidValue: Vertex AI endpoint id is "${id}"; allowed is 1 to 63 of a-z, 0-9 and -, beginning with a letter and not ending with -, or 1 to 20 digits without a leading zero`,
      ]);
    },
  );

  // Source: `dedicatedEndpointDns` in the same document; its uid is a number, or a word such as
  // fasttryout.
  test.each(["789", "fasttryout"])("a dedicated endpoint is asked on its own host, with uid %s", (uid) => {
    const stack = testStack();
    const host = `mg-42.us-central1-${uid}.prediction.vertexai.goog`;
    const endpoint = new PredictionEndpoint(stack, "endpoint", "mg-42", { host });
    expect(endpoint.predictUrl).toBe(
      `https://${host}/v1/projects/acme-ml/locations/us-central1/endpoints/mg-42:predict`,
    );
    expect(errorsOf(stack)).toEqual([]);
  });

  test.each([
    "",
    "https://42.us-central1-789.prediction.vertexai.goog",
    "43.us-central1-789.prediction.vertexai.goog",
    "42.europe-west4-789.prediction.vertexai.goog",
    "42.us-central1.prediction.vertexai.goog",
    "42.us-central1-789.prediction.vertexai.goog.example.com",
    "us-central1-aiplatform.googleapis.com",
  ])('"%s" is no host of endpoint 42', (host) => {
    const stack = testStack();
    new PredictionEndpoint(stack, "endpoint", "42", { host });
    expect(errorsOf(stack)).toEqual([
      `[stack/endpoint] InvalidValue: host of the Vertex AI endpoint is "${host}"; allowed is its dedicatedEndpointDns without https://, 42.us-central1-<uid>.prediction.vertexai.goog`,
    ]);
  });
});

describe("alerts", () => {
  /** Everything that has an alert. */
  function alerting(notificationEmails: string[]): GoogleStack {
    const stack = testStack({ notificationEmails });
    testFunction(stack);
    new DeadLetter(stack, "dead-letter");
    new TaskQueue(stack, "queue");
    new Workflow(stack, "workflow", { source: definition("main: {}") });
    return stack;
  }

  test("without e-mails there are none, and monitoring is left alone", () => {
    const stack = alerting([]);
    expect(Object.keys(synthesized(stack).resource as object).filter((type) => type.includes("monitoring"))).toEqual(
      [],
    );
    expect(all(stack, "google_project_service").map(({ service }) => service)).not.toContain(
      "monitoring.googleapis.com",
    );
  });

  test("functions, dead letters, subscriptions, queues and workflows have theirs, sent to every e-mail", () => {
    const stack = alerting(["b@acme.com", "a@acme.com"]);
    const policies = all(stack, "google_monitoring_alert_policy");
    expect(policies.map(({ display_name }) => display_name)).toEqual([
      "Dead letters in stack-dead-letter-kept-dev",
      "Messages of stack-dead-letter-kept-dev are about to expire",
      "Tasks wait too long in stack-queue-dev",
      "Tasks do not become fewer in stack-queue-dev",
      "Attempts keep failing in stack-queue-dev",
      "stack-worker-dev answers with errors",
      "Executions of stack-workflow-dev fail",
    ]);
    for (const policy of policies) {
      expect(policy).toMatchObject({
        notification_channels: [expect.stringContaining("a-acme-com"), expect.stringContaining("b-acme-com")],
        documentation: { content: expect.stringContaining("`"), mime_type: "text/markdown" },
      });
      for (const { condition_threshold } of policy.conditions as Json[]) {
        expect(condition_threshold).toMatchObject({ comparison: "COMPARISON_GT" });
      }
    }
    expect(all(stack, "google_monitoring_notification_channel").map(({ type, labels }) => [type, labels])).toEqual([
      ["email", { email_address: "a@acme.com" }],
      ["email", { email_address: "b@acme.com" }],
    ]);
  });

  test("what is watched", () => {
    const conditions = all(alerting(["a@acme.com"]), "google_monitoring_alert_policy").map(
      ({ conditions }) => conditions,
    );
    expect(conditions).toMatchSnapshot();
  });

  test("an alert of your own joins them", () => {
    const stack = testStack({ notificationEmails: ["a@acme.com"] });
    const props = { title: "Mine", runbook: "Look", filter: 'metric.type="a"', aligner: "ALIGN_MAX", threshold: 3 };
    Alerts.of(stack).add(stack, props);
    expect(only(stack, "google_monitoring_alert_policy")).toMatchObject({
      conditions: [
        { condition_threshold: { threshold_value: 3, aggregations: [{ per_series_aligner: "ALIGN_MAX" }] } },
      ],
    });
  });
});

/** A workflow definition with this text. */
function definition(text: string): string {
  const file = join(temporaryFolder(), "workflow.yaml");
  writeFileSync(file, text);
  return file;
}

describe("Workflow", () => {
  function workflow(stack: GoogleStack, props: Partial<WorkflowProps> = {}) {
    return new Workflow(stack, "workflow", { source: definition("main: {}"), ...props });
  }

  test("is protected, logs errors and runs as an identity that may write logs by default", () => {
    const stack = testStack();
    expect(workflow(stack).fullName).toBe("projects/acme-ml/locations/us-central1/workflows/stack-workflow-dev");
    expect(only(stack, WORKFLOW)).toMatchObject({
      name: "stack-workflow-dev",
      region: "us-central1",
      deletion_protection: true,
      // A provider's refusal comes in the middle of a destroy, Terraform's own before it.
      lifecycle: { prevent_destroy: true },
      call_log_level: "LOG_ERRORS_ONLY",
      service_account: expect.stringMatching(/^\$\{google_service_account\.workflow_identity_\w+\.id\}$/),
      user_env_vars: {},
      labels: { environment: "dev", stack: "stack" },
    });
    expect(grantLines(stack)).toEqual(["stack-workflow-dev | roles/logging.logWriter | project acme-ml"]);
  });

  test("everything that can be set arrives", () => {
    const stack = testStack();
    workflow(stack, {
      name: "my_workflow",
      description: "Mine",
      variables: { BUCKET: "data" },
      callLogLevel: "LOG_ALL_CALLS",
      deletionProtection: false,
      encryptionKey: new EncryptionKey(stack, "key", KEY),
      overrides: { labels: { team: "vision" } },
    });
    expect(only(stack, WORKFLOW)).toMatchObject({
      name: "my_workflow",
      description: "Mine",
      user_env_vars: { BUCKET: "data" },
      call_log_level: "LOG_ALL_CALLS",
      deletion_protection: false,
      crypto_key_name: KEY,
      labels: { team: "vision" },
    });
    expect(only(stack, WORKFLOW)).not.toHaveProperty("lifecycle");
    expect(grantLines(stack, "| key ")).toEqual([
      `service agent gcp-sa-workflows | roles/cloudkms.cryptoKeyEncrypterDecrypter | key ${KEY}`,
    ]);
  });

  test("its own expressions reach Workflows as they were written", () => {
    const text = 'main:\n  steps:\n    - a:\n        return: ${"$" + sys.get_env("A") + "$${b}" + "%{c}"}\n';
    const stack = testStack();
    workflow(stack, { source: definition(text) });
    const contents = String(only(stack, WORKFLOW).source_contents);
    expect(contents).toContain('$${"$" + sys.get_env("A") + "$$${b}" + "%%{c}"}');
    expect(unescaped(contents)).toBe(text);
  });

  test("the workflow that comes with this package survives as well, whatever its line ends", () => {
    const text = readFileSync("workflows/ml-prediction-workflow.yaml", "utf8");
    const stack = testStack();
    workflow(stack, { source: definition(text.replaceAll("\n", "\r\n")) });
    expect(unescaped(String(only(stack, WORKFLOW).source_contents))).toBe(text);
  });

  test("executing is granted by a role of that one permission, once", () => {
    const stack = testStack();
    const started = workflow(stack);
    started.grantExecute(ops);
    started.grantExecute(ops);
    expect(grantLines(stack, "ops@")).toEqual([
      "group:ops@acme.com | custom role stack_execution_starter_dev | project acme-ml",
    ]);
    expect(only(stack, "google_project_iam_custom_role").permissions).toEqual(["workflows.executions.create"]);
  });

  test("a definition that is not there or is no YAML is reported", () => {
    const stack = testStack();
    new Workflow(stack, "missing", { source: "no/such.yaml" });
    const broken = definition("main:\n  steps: [a\n");
    new Workflow(stack, "broken", { source: broken });
    expect(errorsOf(stack)).toEqual([
      `[stack/missing] InvalidSource: workflow definition "no/such.yaml" does not exist, relative to ${process.cwd()}`,
      expect.stringMatching(
        /^\[stack\/broken\] InvalidWorkflow: workflow definition ".*" is not valid YAML: .*at line \d+/,
      ),
    ]);
  });

  test("variables have names that Workflows leaves to its users", () => {
    const stack = testStack();
    workflow(stack, { variables: { GOOGLE_X: "1", WORKFLOWS_Y: "2", "": "3", MY_GOOGLE: "4" } });
    expect(errorsOf(stack)).toEqual(
      ["GOOGLE_X", "WORKFLOWS_Y", ""].map(
        (name) =>
          `[stack/workflow] InvalidValue: workflow variable is named "${name}"; allowed is any name that does not begin with GOOGLE or WORKFLOWS`,
      ),
    );
  });

  const edges: Edges[] = [
    {
      what: "number of variables",
      create: (stack, count) =>
        workflow(stack, { variables: Object.fromEntries(Array.from({ length: count }, (_, i) => [`V${i}`, "x"])) }),
      low: 0,
      high: 20,
      beyond: [21],
      errors: (count) => [`[stack/workflow] OutOfRange: ${count} workflow variables are given; allowed are up to 20`],
    },
    {
      what: "bytes of a variable",
      create: (stack, bytes) => workflow(stack, { variables: { V: "x".repeat(bytes) } }),
      low: 0,
      high: 4096,
      beyond: [4097],
      errors: (bytes) => [
        `[stack/workflow] OutOfRange: workflow variable V has ${bytes} bytes; allowed are up to 4096`,
      ],
    },
    {
      what: "bytes of a definition",
      create: (stack, bytes) => workflow(stack, { source: definition(`#${"x".repeat(bytes - 1)}`) }),
      low: 1,
      high: 131072,
      beyond: [131073],
      errors: (bytes) => [
        expect.stringMatching(
          new RegExp(
            `^\\[stack/workflow\\] InvalidWorkflow: workflow definition ".*" has ${bytes} bytes; allowed are up to 131072$`,
          ),
        ),
      ],
    },
  ];
  test.each(edges)("$what: both ends are allowed, what lies beyond is reported", expectEdges);

  /** What Terraform makes of a string in its JSON. */
  function unescaped(text: string): string {
    return text.replaceAll("%%{", () => "%{").replaceAll("$${", () => "${");
  }
});

describe("Dataflow", () => {
  const classic = DataflowTemplate.classic("gs://dataflow-templates/latest/Word_Count");

  interface Crew {
    readonly maxWorkers?: number;
    readonly machineType?: string;
    readonly network?: DataflowNetwork;
    readonly encrypted?: boolean;
  }

  function workers(stack: GoogleStack, props: Crew = {}) {
    return new DataflowWorkers(stack, "workers", {
      tempBucket: Bucket.fromName(stack, "temp", "acme-temp"),
      outputBucket: Bucket.fromName(stack, "output", "acme-output"),
      inputBuckets: [Bucket.fromName(stack, "input", "acme-input")],
      maxWorkers: props.maxWorkers,
      machineType: props.machineType,
      network: props.network,
      encryptionKey: props.encrypted ? new EncryptionKey(stack, "key", KEY) : undefined,
    });
  }

  function job(stack: GoogleStack, props: Partial<DataflowJobProps> = {}) {
    const { workers: crew = workers(stack) } = props;
    return new DataflowJob(stack, "job", { template: classic, parameters: { a: "b" }, ...props, workers: crew });
  }

  test("workers read inputs, write temporary files and results, and are Dataflow workers", () => {
    const stack = testStack();
    workers(stack);
    expect(grantLines(stack)).toEqual([
      "stack-workers-dev | roles/dataflow.worker | project acme-ml",
      "stack-workers-dev | roles/storage.objectUser | bucket acme-output",
      "stack-workers-dev | roles/storage.objectUser | bucket acme-temp",
      "stack-workers-dev | roles/storage.objectViewer | bucket acme-input",
    ]);
  });

  // The two methods of the launcher: https://cloud.google.com/dataflow/docs/concepts/access-control, "Required permissions".
  test("the launcher's role holds the permissions of the methods that it calls, and no other", () => {
    const stack = testStack();
    workers(stack).grantLaunch(ops);
    expect(only(stack, "google_project_iam_custom_role").permissions).toEqual([
      "dataflow.jobs.create",
      "dataflow.jobs.list",
    ]);
  });

  test("network and addresses reach launched and deployed jobs", () => {
    const stack = testStack();
    const network = { network: "ml", subnetwork: "regions/us-central1/subnetworks/ml", privateIps: true };
    const crew = workers(stack, { network });
    job(stack, { workers: crew });
    expect(crew.environment()).toMatchObject({
      network: "ml",
      subnetwork: "regions/us-central1/subnetworks/ml",
      ipConfiguration: "WORKER_IP_PRIVATE",
    });
    expect(only(stack, "google_dataflow_job")).toMatchObject({
      network: "ml",
      subnetwork: "regions/us-central1/subnetworks/ml",
      ip_configuration: "WORKER_IP_PRIVATE",
    });
  });

  test("a network that Dataflow would refuse is an error", () => {
    const stack = testStack();
    workers(stack, { network: { network: "ML", subnetwork: "europe-west1/ml" } });
    expect(errorsOf(stack)).toEqual([
      '[stack/workers] InvalidValue: network is "ML"; allowed is the name of a network',
      '[stack/workers] InvalidValue: subnetwork is "europe-west1/ml"; allowed is regions/<region>/subnetworks/<name>, with projects/<project>/ before it for a shared VPC',
      '[stack/workers] InvalidValue: subnetwork is "europe-west1/ml"; allowed is one of the region of the jobs, us-central1',
    ]);
  });

  test("a launcher may launch jobs, act as the workers and stage files", () => {
    const stack = testStack();
    const launched = workers(stack);
    launched.grantLaunch(ops);
    launched.grantLaunch(ops);
    expect(grantLines(stack, "ops@")).toEqual([
      "group:ops@acme.com | custom role stack_dataflow_launcher_dev | project acme-ml",
      "group:ops@acme.com | roles/iam.serviceAccountUser | service account stack-workers-dev",
      "group:ops@acme.com | roles/storage.objectUser | bucket acme-temp",
    ]);
  });

  test("the environment of a launch says where, as whom and how large", () => {
    const stack = testStack();
    const launched = workers(stack, { machineType: "n1-standard-2", encrypted: true });
    expect(launched.environment()).toEqual({
      tempLocation: "gs://acme-temp/temp",
      serviceAccountEmail: launched.identity.email,
      maxWorkers: 3,
      machineType: "n1-standard-2",
      kmsKeyName: KEY,
      additionalUserLabels: { environment: "dev", stack: "stack" },
    });
    expect(grantLines(stack, "| key ")).toEqual(
      ["compute-system", "dataflow-service-producer-prod"].map(
        (agent) => `service agent ${agent} | roles/cloudkms.cryptoKeyEncrypterDecrypter | key ${KEY}`,
      ),
    );
    expect(launched.grantee).toEqual(launched.identity.grantee);
  });

  test("a deploy-time job runs on the workers once they may do all they need, and is cancelled by destroy", () => {
    const stack = testStack();
    job(stack);
    const resource = only(stack, "google_dataflow_job");
    expect(resource).toMatchObject({
      name: "stack-job-dev",
      template_gcs_path: "gs://dataflow-templates/latest/Word_Count",
      temp_gcs_location: "gs://acme-temp/temp",
      parameters: { a: "b" },
      service_account_email: expect.stringMatching(/^\$\{google_service_account\.workers_identity_\w+\.email\}$/),
      max_workers: 3,
      on_delete: "cancel",
      labels: { environment: "dev", stack: "stack" },
    });
    expect((resource.depends_on as string[]).map((name) => name.replace(/_[0-9A-F]{8}$/, ""))).toEqual([
      "google_project_service.apis_dataflow",
      "google_project_service.apis_compute",
      "time_sleep.apis_take-effect",
      "google_project_iam_member.project-grants_worker-workers-identity",
      "google_storage_bucket_iam_member.temp_objectUser-workers-identity",
      "google_storage_bucket_iam_member.output_objectUser-workers-identity",
      "google_storage_bucket_iam_member.input_objectViewer-workers-identity",
      "time_sleep.job_grants-reach-dataflow",
    ]);
  });

  test("a job takes the workers' key and machines, and overrides", () => {
    const stack = testStack();
    job(stack, {
      name: "my-job",
      workers: workers(stack, { maxWorkers: 5, machineType: "n1-standard-2", encrypted: true }),
      overrides: { region: "europe-west1" },
    });
    expect(only(stack, "google_dataflow_job")).toMatchObject({
      name: "my-job",
      max_workers: 5,
      machine_type: "n1-standard-2",
      kms_key_name: KEY,
      region: "europe-west1",
    });
  });

  test("a flex template is launched by a launcher only", () => {
    const stack = testStack();
    const template = DataflowTemplate.flex("gs://acme/spec.json");
    expect(template).toMatchObject({ kind: "flex", path: "gs://acme/spec.json" });
    job(stack, { template });
    expect(errorsOf(stack)).toEqual([
      "[stack/job] InvalidValue: a deploy-time job has the flex template gs://acme/spec.json; allowed is a classic one",
    ]);
  });

  test.each(["latest/Word_Count", "gs://bucket", "https://storage.googleapis.com/a/b", "gs://Bucket/a"])(
    "%s is no template",
    (path) => {
      expect(thrownBy(() => DataflowTemplate.classic(path))).toBe(
        `InvalidValue: Dataflow template is "${path}"; allowed is gs://<bucket>/<object>`,
      );
    },
  );

  const edges: Edges[] = [
    {
      what: "maxWorkers",
      create: (stack, maxWorkers) => workers(stack, { maxWorkers }),
      low: 1,
      high: 1000,
      errors: (value) => [
        `[stack/workers] OutOfRange: maxWorkers is ${value}; allowed is a whole number from 1 to 1000`,
      ],
    },
  ];
  test.each(edges)("$what: both ends are allowed, what lies beyond is reported", expectEdges);
});
