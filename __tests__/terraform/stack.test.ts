import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { evaluateStack, readStack, StackError } from "../../terraform";

const WHERE = { name: "s", folder: "/s" };
const google = { google: [{ project: "acme-ml", region: "europe-west1" }] };

function evaluated(json: object) {
  return evaluateStack({ provider: google, ...json }, WHERE);
}

test("references reach configured, computed and nested attributes", () => {
  const stack = evaluated({
    resource: {
      google_service_account: { id: { account_id: "worker" } },
      google_cloudfunctions2_function: {
        fn: { name: "fn", location: "europe-west1", service_config: { timeout_seconds: 30 } },
      },
      google_cloud_tasks_queue: {
        q: {
          name: "q-${google_service_account.id.account_id}",
          location: "europe-west1",
          http_target: {
            uri_override: {
              host: '${replace(google_cloudfunctions2_function.fn.service_config[0].uri, "https://", "")}',
            },
            oidc_token: { service_account_email: "${google_service_account.id.email}" },
          },
        },
      },
    },
    output: {
      queue: { value: "${google_cloud_tasks_queue.q.id}" },
      timeout: { value: "${google_cloudfunctions2_function.fn.service_config[0].timeout_seconds}" },
    },
  });
  expect(stack.findings).toEqual([]);
  const queue = stack.resources.find(({ type }) => type === "google_cloud_tasks_queue");
  expect(queue?.attributes.http_target).toEqual({
    uri_override: { host: expect.stringMatching(/^fn-[0-9a-z]{10}-ew\.a\.run\.app$/) },
    oidc_token: { service_account_email: "worker@acme-ml.iam.gserviceaccount.com" },
  });
  expect(queue?.configured).toEqual([
    "name",
    "location",
    "http_target.uri_override.host",
    "http_target.oidc_token.service_account_email",
  ]);
  expect(queue?.dependsOn).toEqual(["google_cloudfunctions2_function.fn", "google_service_account.id"]);
  expect(stack.outputs).toEqual({
    queue: "projects/acme-ml/locations/europe-west1/queues/q-worker",
    timeout: 30,
  });
});

test("data sources give project number and the storage agent", () => {
  const { outputs, projectNumber, findings } = evaluated({
    data: {
      google_project: { p: { project_id: "acme-ml" } },
      google_storage_project_service_account: { s: {} },
    },
    output: {
      agent: { value: "service-${data.google_project.p.number}@gcp-sa-pubsub.iam.gserviceaccount.com" },
      storage: { value: "${data.google_storage_project_service_account.s.member}" },
    },
  });
  expect(findings).toEqual([]);
  expect(projectNumber).toMatch(/^\d{12}$/);
  expect(outputs).toEqual({
    agent: `service-${projectNumber}@gcp-sa-pubsub.iam.gserviceaccount.com`,
    storage: `serviceAccount:service-${projectNumber}@gs-project-accounts.iam.gserviceaccount.com`,
  });
});

test("variables with defaults and locals", () => {
  const { outputs, findings } = evaluated({
    variable: { env: { default: "dev" }, secret: {} },
    locals: { name: "x-${var.env}" },
    output: { name: { value: "${local.name}" }, secret: { value: "${var.secret}" } },
  });
  expect(outputs.name).toBe("x-dev");
  expect(findings).toEqual([
    { address: "output.secret", attribute: "", expression: "${var.secret}", why: "var.secret has no default" },
  ]);
});

test("everything that cannot be resolved is reported, by name and at once", () => {
  const { findings } = evaluated({
    module: { m: { source: "./m" } },
    resource: {
      google_pubsub_topic: {
        a: { name: "${google_pubsub_topic.b.name}", labels: { x: "${google_pubsub_topic.gone.id}" } },
        b: { name: "${google_pubsub_topic.a.name}", count: 2 },
        c: { name: "${google_pubsub_topic.d.etag}", message_storage_policy: { regions: ["${uuid()}"] } },
        d: { name: "d" },
        e: "text",
      },
    },
  });
  expect(findings.map(({ address, attribute, why }) => `${address} ${attribute}: ${why}`)).toEqual([
    "module : module is not understood",
    "google_pubsub_topic.a name: it refers to itself",
    "google_pubsub_topic.a labels.x: google_pubsub_topic.gone is not in the stack",
    "google_pubsub_topic.b name: it refers to itself",
    "google_pubsub_topic.b count: count is not understood",
    "google_pubsub_topic.c name: google_pubsub_topic.d has no etag, which is neither configured nor one that is computed here",
    "google_pubsub_topic.c message_storage_policy.regions.0: the function uuid is not understood",
    "google_pubsub_topic.e : its configuration is not an object",
  ]);
});

test("blocks may be written as lists of one", () => {
  const { outputs, findings } = evaluated({
    resource: {
      google_cloudfunctions2_function: {
        fn: { name: "fn", location: "l", service_config: [{ ingress_settings: "ALLOW_ALL" }] },
      },
    },
    output: {
      uri: { value: "${google_cloudfunctions2_function.fn.service_config[0].uri}" },
      ingress: { value: "${google_cloudfunctions2_function.fn.service_config[0].ingress_settings}" },
    },
  });
  expect(findings).toEqual([]);
  expect(outputs).toEqual({
    uri: expect.stringMatching(/^https:\/\/fn-[0-9a-z]{10}-l\.a\.run\.app$/),
    ingress: "ALLOW_ALL",
  });
});

test("no JSON makes it throw", () => {
  const leaf = fc.oneof(
    fc.constantFrom(
      "${google_pubsub_topic.t.id}",
      "${data.google_project.p.number}",
      "${local.l}",
      "${",
      "${a}",
      "$${x}",
    ),
    fc.string(),
    fc.constantFrom(null, 1, true, {}, []),
  );
  const tree = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: "small" }, leaf, fc.array(tie("value"), { maxLength: 3 }), tie("block")),
    block: fc.dictionary(
      fc.constantFrom("t", "p", "name", "project", "__proto__", "depends_on", "account_id", "google"),
      tie("value"),
      { maxKeys: 3 },
    ),
  }));
  const json = fc.record(
    {
      resource: fc.record({ google_pubsub_topic: tree.value, google_service_account: tree.value }),
      data: fc.record({ google_project: tree.value }),
      provider: tree.value,
      output: tree.value,
      locals: fc.record({ l: tree.value }),
      terraform: tree.value,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(json, (any) => {
      expect(Array.isArray(evaluateStack(any, WHERE).findings)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

describe("readStack", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "stack-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("takes the name that cdktf wrote", () => {
    writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify({ "//": { metadata: { stackName: "flowers" } } }));
    expect(readStack(folder)).toMatchObject({ name: "flowers", folder, resources: [], findings: [] });
  });

  test("without or with broken JSON says which file", () => {
    const file = join(folder, "cdk.tf.json");
    expect(() => readStack(folder)).toThrow(new StackError(`there is no ${file}`));
    writeFileSync(file, "{");
    expect(() => readStack(folder)).toThrow(new RegExp(`^${file} is not JSON: `));
    writeFileSync(file, "[]");
    expect(() => readStack(folder)).toThrow(new StackError(`${file} is not an object`));
  });
});
