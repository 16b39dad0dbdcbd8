import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, TerraformOutput } from "cdktf";
import { changed } from "../../../../__tests__/support/synthesized";
import {
  externalGrantee,
  FunctionService,
  FunctionSource,
  GoogleStack,
  Secret,
  synthesize,
  type VpcEgress,
} from "../../../../lib";
import { Machine } from "../../src/machine/machine";

const folder = mkdtempSync(join(tmpdir(), "secrets-and-networks-"));
const project = "acme-ml";
const CLIENT = "client@acme-ml.iam.gserviceaccount.com";

// Tells its secret, or what another function answers to it.
const CODE = `
  const metadata = "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/identity?audience=";
  exports.handler = async (req, res) => {
    if (!req.body?.url) return res.json({ key: process.env.API_KEY });
    const token = await (await fetch(metadata + req.body.url, { headers: { "Metadata-Flavor": "Google" } })).text();
    const { status } = await fetch(req.body.url, { method: "POST", headers: { authorization: "Bearer " + token } });
    res.json({ status });
  };`;

const stacks: Record<string, string> = {};

beforeAll(() => {
  writeFileSync(join(folder, "index.js"), CODE);
  const app = new App({ outdir: join(folder, "out"), stackTraces: false });
  const connector = `projects/${project}/locations/us-central1/connectors/c`;
  const networks: Record<string, VpcEgress | undefined> = {
    none: undefined,
    private: { connector, traffic: "PRIVATE_RANGES_ONLY" },
    all: { connector, traffic: "ALL_TRAFFIC" },
  };
  for (const [name, vpc] of Object.entries(networks)) {
    const stack = new GoogleStack(app, name, { project, region: "us-central1" });
    const source = FunctionSource.typescript(join(folder, "index.js"));
    const secrets = { API_KEY: new Secret(stack, "secret", "api-key") };
    const caller = new FunctionService(stack, "caller", { source, vpc, secrets });
    const callee = new FunctionService(stack, "callee", { source });
    callee.grantInvoke(caller);
    caller.grantInvoke(externalGrantee(`serviceAccount:${CLIENT}`));
    for (const [output, { uri }] of Object.entries({ caller_url: caller, callee_url: callee })) {
      new TerraformOutput(stack, output, { staticId: true, value: uri });
    }
    stacks[name] = join(folder, "out", "stacks", name);
  }
  synthesize(app);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function call(
  stack: string,
  body: (outputs: Readonly<Record<string, unknown>>) => object,
  secrets?: Record<string, string>,
) {
  const notices: string[] = [];
  const logs: string[] = [];
  const machine = await Machine.start(stacks[stack] as string, {
    secrets,
    onNotice: (notice) => notices.push(notice),
    onLog: (_, { message }) => logs.push(message),
  });
  try {
    const running = machine.run();
    const { outputs } = running.stack;
    const answer = await running.client(CLIENT).json("POST", String(outputs.caller_url), body(outputs));
    await running.stop();
    return { answer, notices, logs };
  } finally {
    await machine.stop();
  }
}

describe("a secret in a function's environment", () => {
  test("has the value that the user gives, which no log of the run holds", async () => {
    const { answer, notices, logs } = await call("none", () => ({}), { "api-key": "hush-123" });
    expect(answer).toEqual({ key: "hush-123" });
    expect(notices).toEqual([]);
    expect(logs.join("\n")).not.toContain("hush-123");
  });

  test("has a made-up value otherwise, and the run says so", async () => {
    const { answer, notices } = await call("none", () => ({}));
    expect(answer).toEqual({ key: "made-up-value-of-api-key" });
    expect(notices).toEqual([
      "the value of projects/acme-ml/secrets/api-key is made up; --secrets <file> gives it one",
    ]);
  });

  test("keeps the function from being deployed where its identity may not read it", async () => {
    const without = changed(stacks.none as string, (json) => {
      delete json.resource.google_secret_manager_secret_iam_member;
    });
    await expect(Machine.start(without).then((machine) => machine.stop())).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: expect.stringMatching(
        /^Permission 'secretmanager\.versions\.access' denied on resource 'projects\/acme-ml\/secrets\/api-key' .* for none-caller-dev@.* A binding of roles\/secretmanager\.secretAccessor on projects\/acme-ml\/secrets\/api-key to serviceAccount:none-caller-dev@.* would allow it\.$/,
      ),
    });
  });
});

// "requests … routed through the VPC network":
// https://docs.cloud.google.com/run/docs/securing/ingress
test.each([
  ["none", 404],
  ["private", 404],
  ["all", 200],
])("a function with the egress %s gets %i from an internal-only one", async (stack, status) => {
  const { answer } = await call(stack, ({ callee_url: url }) => ({ url }));
  expect(answer).toEqual({ status });
});
