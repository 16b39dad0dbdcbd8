import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { evaluateStack, readStack, StackError } from "../src";

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

describe("lists stand for objects at every level, as in Terraform's JSON", () => {
  const objects = {
    resource: { google_pubsub_topic: { a: { name: "a-${local.x}" } }, google_storage_bucket: { b: { name: "b" } } },
    data: { google_project: { p: { project_id: "acme" } } },
    output: { o: { value: "${google_pubsub_topic.a.name}" } },
    variable: { v: { default: "w" } },
    locals: { x: "${var.v}" },
    moved: { from: "x", to: "y" },
  };
  const { resource, data, output, variable, locals, moved } = objects;
  const { google_pubsub_topic, google_storage_bucket } = resource;
  const expected = { ...evaluated(objects), findings: [] };

  test.each<[string, object]>([
    ["of blocks", { ...objects, resource: [{ google_pubsub_topic }, { google_storage_bucket }] }],
    ["of types", { ...objects, resource: { google_pubsub_topic: [google_pubsub_topic], google_storage_bucket } }],
    [
      "of ids",
      { ...objects, resource: { google_pubsub_topic: { a: [google_pubsub_topic.a] }, google_storage_bucket } },
    ],
    ["of data sources", { ...objects, data: [{ google_project: [{ p: [data.google_project.p] }] }] }],
    ["of outputs", { ...objects, output: [{ o: [output.o] }] }],
    ["of variables", { ...objects, variable: [{ v: [variable.v] }] }],
    ["of locals", { ...objects, locals: [locals, {}] }],
    ["of moves", { ...objects, moved: [[moved]] }],
    ["of providers", { ...objects, provider: [{ google: google.google }] }],
    ["of lists, and nothing", { ...objects, resource: [[[resource]], null, []], terraform: [{}] }],
  ])("%s", (_, json) => expect(evaluated(json)).toEqual(expected));

  test("of files", () => {
    const file = [
      { provider: google, resource },
      { data, output },
      { variable, locals, moved },
    ];
    expect(evaluateStack(file, WHERE)).toEqual(expected);
  });

  test("what is no object is named, and so is what is there twice", () => {
    const { findings, resources } = evaluated({
      resource: [{ google_pubsub_topic: [{ a: { name: "a" } }, { a: { name: "b" } }, "x"] }, 5],
      output: "x",
      locals: [{ l: 1 }, { l: 2 }],
      data: { google_project: 1 },
    });
    expect(findings.map(({ address, why }) => `${address}: ${why}`)).toEqual([
      "google_pubsub_topic: it is not an object",
      "resource: it is not an object",
      "output: it is not an object",
      "data.google_project: it is not an object",
      "google_pubsub_topic.a: it is declared more than once",
      "local.l: it is declared more than once",
    ]);
    expect(resources.map(({ address, attributes }) => [address, attributes.name])).toEqual([
      ["google_pubsub_topic.a", "b"],
    ]);
  });
});

describe("the provider's project may be any expression", () => {
  const member = { google_service_account: { a: { account_id: "worker" } } };
  const worker = (json: object) => {
    const { outputs, findings } = evaluateStack(
      { resource: member, output: { e: { value: "${google_service_account.a.email}" } }, ...json },
      WHERE,
    );
    return [outputs.e, findings.map(({ address, attribute, why }) => `${address} ${attribute}: ${why}`)];
  };

  test.each<[string, object]>([
    ["a variable", { variable: { p: { default: "acme" } }, provider: { google: { project: "${var.p}" } } }],
    ["a local", { locals: { p: '${lower("ACME")}' }, provider: { google: { project: "${local.p}" } } }],
    ["a template", { locals: { e: "me" }, provider: { google: [{ project: "ac${local.e}" }] } }],
    ["beside one with an alias", { provider: { google: [{ project: "acme" }] } }],
  ])("%s", (_, json) => expect(worker(json)).toEqual(["worker@acme.iam.gserviceaccount.com", []]));

  test("one without a value is named", () => {
    const local = "worker@local-project.iam.gserviceaccount.com";
    expect(worker({ variable: { p: {} }, provider: { google: { project: "${var.p}" } } })).toEqual([
      local,
      ["provider.google project: var.p has no default"],
    ]);
    expect(worker({ provider: { google: { project: "${google_service_account.a.email}" } } })[0]).toBe(local);
  });

  test("the one without an alias counts", () => {
    const provider = { google: [{ alias: "other", project: "other" }, { project: "acme" }] };
    expect(worker({ provider })).toEqual([
      "worker@acme.iam.gserviceaccount.com",
      ["provider.google : more than one configuration"],
    ]);
  });
});

describe("a variable has its type", () => {
  // Source: developer.hashicorp.com/terraform/language/expressions/type-constraints, "Conversion of
  // Complex Types"
  test.each<[string, unknown, string, unknown]>([
    ["number", "5", "${jsonencode(var.v)}", "5"],
    ["string", 5, "${jsonencode(var.v)}", '"5"'],
    ["bool", "true", "${jsonencode(var.v)}", "true"],
    ["list(string)", ["b", 1], '${join(",", var.v)}', "b,1"],
    ["set(string)", ["b", "a", "b"], '${join(",", var.v)}', "a,b"],
    ["map(number)", { a: "1" }, "${jsonencode(var.v)}", '{"a":1}'],
    ['object({a = number, b = optional(string, "x")})', { a: "1", c: 2 }, "${jsonencode(var.v)}", '{"a":1,"b":"x"}'],
    ["list(object({a = optional(bool)}))", [{}], "${jsonencode(var.v)}", '[{"a":null}]'],
    ["tuple([string, number])", [1, "2"], "${jsonencode(var.v)}", '["1",2]'],
    ["any", ["1", 2], "${jsonencode(var.v)}", '["1",2]'],
    ["list(any)", ["1", 2], "${jsonencode(var.v)}", '["1","2"]'],
    ["${set(any)}", [2, 1], "${jsonencode(var.v)}", "[1,2]"],
  ])("%s of %j", (type, value, expression, expected) => {
    const { outputs, findings } = evaluated({
      variable: { v: { type: type.replaceAll('\\"', '"'), default: value } },
      output: { o: { value: expression } },
    });
    expect(findings).toEqual([]);
    expect(outputs.o).toBe(expected);
  });

  test.each([
    ["number", "five", "a string where a number is needed"],
    ["list(string)", "x", "a string where a list is needed"],
    ["object({a = string})", {}, 'an object without "a"'],
    ["never(heard)", 1, "its type is not understood"],
  ])("%s of %j is named", (type, value, why) => {
    const { findings } = evaluated({ variable: { v: { type, default: value } }, output: { o: { value: "${var.v}" } } });
    expect(findings).toEqual([{ address: "output.o", attribute: "", expression: "${var.v}", why }]);
  });
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
    "google_pubsub_topic.e : its configuration is not an object",
    "google_pubsub_topic.a name: it refers to itself",
    "google_pubsub_topic.a labels.x: google_pubsub_topic.gone is not in the stack",
    "google_pubsub_topic.b name: it refers to itself",
    "google_pubsub_topic.b count: count is not understood",
    "google_pubsub_topic.c name: google_pubsub_topic.d has no etag, which is neither configured nor one that is computed here",
    "google_pubsub_topic.c message_storage_policy.regions.0: the function uuid is not understood",
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

  test("keeps every digit of a number", () => {
    writeFileSync(
      join(folder, "cdk.tf.json"),
      `{"variable": {"n": {"default": 12345678901234567890}}, "output": {
        "a": {"value": 9007199254740993}, "b": {"value": "\${var.n + 1}"}, "c": {"value": "a 9007199254740993 \\" 1"}, "d": {"value": 1.50}}}`,
    );
    expect(readStack(folder).outputs).toEqual({
      a: "9007199254740993",
      b: "12345678901234567891",
      c: 'a 9007199254740993 " 1',
      d: 1.5,
    });
  });

  test("without or with broken JSON says which file", () => {
    const file = join(folder, "cdk.tf.json");
    expect(() => readStack(folder)).toThrow(new StackError(`there is no ${file}`));
    writeFileSync(file, "{");
    expect(() => readStack(folder)).toThrow(new RegExp(`^${file} is not JSON: `));
    writeFileSync(file, "[1]");
    expect(() => readStack(folder)).toThrow(new StackError(`${file} is not an object, nor a list of objects`));
  });
});
