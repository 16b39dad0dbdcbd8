import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LoadError } from "../../src/core/load-error";
import { readSecrets, Secrets, SecretsFileError, secretManager } from "../../src/secrets";
import { authorizerOf, Bench, json, RUNTIME } from "../functions/support";
import { FakeContext, rest } from "../support/fake-context";

const folder = mkdtempSync(join(tmpdir(), "secrets-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string): string {
  const path = join(folder, "secrets");
  writeFileSync(path, content);
  return path;
}

describe("the file of --secrets", () => {
  test.each([
    [
      "JSON",
      '{"api-key":"a=b\\nc","projects/p/secrets/other":""}',
      { "api-key": "a=b\nc", "projects/p/secrets/other": "" },
    ],
    [
      "lines",
      "# comment\n\napi-key = a=b#c\r\n other='x y'\nempty=\n",
      { "api-key": " a=b#c", other: "x y", empty: "" },
    ],
    ["a byte order mark", "\uFEFFa=b", { a: "b" }],
  ])("%s", (_, content, expected) => {
    expect(readSecrets(file(content))).toEqual(expected);
  });

  // Whatever is wrong, no value is in the message.
  test.each([
    ['{"a":"hush', /begins with \{ but is not JSON$/],
    ['{"a":["hush"]}', /the value of a is not a text but a list$/],
    ['{"a":7}', /the value of a is not a text but number$/],
    ["a=b\nhush", /, line 2: allowed is NAME=value$/],
    ["=hush", /, line 1: allowed is NAME=value$/],
    ["a=hush\na=hush", /, line 2: a is there twice$/],
    ["a b=hush", /"a b" is not a secret's name; allowed: 1 to 255 of A-Z, a-z, 0-9, _ and -/],
  ])("%s is refused", (content, message) => {
    const error = thrown(() => readSecrets(file(content)));
    expect(error).toBeInstanceOf(SecretsFileError);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain("hush");
  });

  test("a file that is not there", () => {
    expect(thrown(() => readSecrets(join(folder, "none"))).message).toMatch(/none cannot be read: ENOENT/);
  });
});

const version = (secret: string, secret_data: string, address = "version") => ({
  address,
  type: "google_secret_manager_secret_version",
  attributes: { secret, secret_data },
});

describe("a secret's value", () => {
  const references = ["given", "stack", "neither"].map((id) => ({
    name: `projects/p/secrets/${id}`,
    version: "latest",
  }));
  const secrets = new Secrets({
    project: "p",
    projectNumber: "123",
    resources: [version("projects/p/secrets/stack", "of the stack")],
    references,
    given: { given: "of the file", "projects/p/secrets/unused": "too" },
  });

  test.each([
    ["given", "of the file"],
    ["projects/p/secrets/given", "of the file"],
    ["projects/123/secrets/given", "of the file"],
    ["projects/p/secrets/unused", "too"],
    ["stack", "of the stack"],
    ["neither", "made-up-value-of-neither"],
    ["projects/q/secrets/given", undefined],
    ["unknown", undefined],
  ])("%s: %p", (name, expected) => {
    expect(secrets.valueOf(name)).toBe(expected);
  });

  test("tells which are made up", () => {
    expect(secrets.madeUp).toEqual(["projects/p/secrets/neither"]);
  });
});

// Source: google/cloud/secretmanager/v1/service.proto, AccessSecretVersion
describe("Secret Manager over REST", () => {
  const around = new FakeContext();
  const options = { project: "p", projectNumber: "123", resources: [], references: [], given: { key: "hush" } };
  const emulator = secretManager.create(around, [], { secretStore: new Secrets(options) });
  const access = (name: string) => rest(emulator, "GET", `https://secretmanager.googleapis.com/v1/${name}:access`);

  test.each([
    ["projects/p/secrets/key/versions/latest", "projects/123/secrets/key/versions/1"],
    ["projects/123/secrets/key/versions/3", "projects/123/secrets/key/versions/3"],
  ])("%s", async (name, expected) => {
    const { status, body } = await access(name);
    // By the Python package google-crc32c.
    expect([status, body]).toEqual([
      200,
      { name: expected, payload: { data: Buffer.from("hush").toString("base64"), dataCrc32c: "3474842845" } },
    ]);
    expect(around.asked).toContain("caller@p secretmanager.versions.access projects/p/secrets/key");
  });

  test.each([
    [
      "projects/p/secrets/other/versions/latest",
      "NOT_FOUND",
      "Secret [projects/p/secrets/other] not found or has no versions.",
    ],
    ["projects/p/secrets/key/versions/new", "INVALID_ARGUMENT", "Invalid version new; allowed: a number, or latest."],
  ])("%s: %s", async (name, code, message) => {
    await expect(access(name)).rejects.toMatchObject({ code, message });
  });

  test("needs access on the secret", async () => {
    around.denied.add("caller@p secretmanager.versions.access projects/p/secrets/key");
    await expect(access("projects/p/secrets/key/versions/1")).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  });

  test("more than one version of a secret stops the load", () => {
    const resources = [version("projects/p/secrets/s", "a"), version("projects/p/secrets/s", "b", "second")];
    const error = thrown(() =>
      secretManager.create(around, resources, { secretStore: new Secrets({ ...options, resources }) }),
    );
    expect(error).toEqual(
      new LoadError(["second: projects/p/secrets/s has more than one version, which is not simulated"]),
    );
  });
});

// Source: https://docs.cloud.google.com/run/docs/configuring/services/secrets
describe("a function with a secret in its environment", () => {
  const CODE = "exports.handler = (req, res) => res.json({ key: process.env.API_KEY });";
  const service = {
    secret_environment_variables: [{ key: "API_KEY", project_id: "acme-ml", secret: "key", version: "1" }],
  };
  const allowed = {
    [RUNTIME]: ["secretmanager.versions.access projects/acme-ml/secrets/key"],
    "caller@acme-ml.iam.gserviceaccount.com": ["run.routes.invoke projects/acme-ml/locations/us-central1/services/f"],
  };
  const secrets = new Secrets({
    project: "acme-ml",
    projectNumber: "123456789012",
    resources: [],
    references: [],
    given: { key: "hush" },
  });

  test("sees its value", async () => {
    const lines: string[] = [];
    const onLog = (_: string, { message }: { message: string }) => lines.push(message);
    const bench = new Bench({ f: { code: CODE, service } }, { authorizer: authorizerOf(allowed), secrets, onLog });
    await bench.start();
    expect(json(await bench.call("f"))).toEqual({ key: "hush" });
    expect(lines.join("\n")).not.toContain("hush");
    await bench.stop();
  });

  test("is not deployed where its identity may not read it", async () => {
    const bench = new Bench({ f: { code: CODE, service } }, { authorizer: authorizerOf({}), secrets });
    await expect(bench.start()).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: `${RUNTIME} lacks secretmanager.versions.access on projects/acme-ml/secrets/key`,
    });
    await bench.stop();
  });
});

function thrown(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}
