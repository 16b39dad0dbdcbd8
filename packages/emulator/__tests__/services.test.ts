import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Api, defineService, type Emulator, type Service } from "../src/core/service";
import roles from "../src/iam/roles.json";
import type { Network } from "../src/network";
import { definitionOf } from "../src/network/grpc-messages";
import { LocalPrograms } from "../src/run/local-programs";
import { RunCommands } from "../src/run/run-commands";
import { Secrets } from "../src/secrets";
import { DESCRIPTIONS, Emulators, SERVICES } from "../src/services";
import { FakeContext, rest } from "./support/fake-context";
import { googleRule, starred } from "./support/google-apis";

const services: readonly Service[] = SERVICES;
const source = join(__dirname, "..", "src");
/** Folders of services: those whose `index.ts` defines or describes one. */
const folders = readdirSync(source).filter((name) => {
  const index = join(source, name, "index.ts");
  return existsSync(index) && /defineService\(|: ServiceDescription/.test(readFileSync(index, "utf8"));
});

const around = new FakeContext();
const endpoint = "projects/p/locations/us-central1/endpoints/1";
const resources = [{ address: "test.endpoint", type: "test", attributes: { endpoint } }];
const secretStore = new Secrets({ project: "p", projectNumber: "123", resources, references: [] });
const commands = new RunCommands({ name: "s", resources: [] });
const programs = new LocalPrograms({ commands, network: {} as Network });
const emulators = new Emulators(around, resources, { secretStore, programs });

/** An HTTP rule with something in place of each field and star. */
function urlOf(api: Api, rule: string): { method: string; url: string } {
  const [host] = typeof api.hosts === "function" ? api.hosts(resources) : api.hosts;
  const [method = "", path = ""] = rule.split(" ");
  const filled = path.replace(/\{[\w.]+=([^}]+)\}/g, "$1").replaceAll("*", "x");
  return { method, url: `https://${host}${filled}` };
}

const apis = services.flatMap((service) => service.apis.map((api): [string, Service, Api] => [api.name, service, api]));

test("each folder that defines a service is registered, and has its FIDELITY.md", () => {
  expect(folders).toHaveLength(DESCRIPTIONS.length);
  for (const folder of folders) expect(existsSync(join(source, folder, "FIDELITY.md"))).toBe(true);
});

test("no resource type is of two services", () => {
  const types = DESCRIPTIONS.flatMap(({ simulated, passive = {} }) => [
    ...Object.keys(simulated),
    ...Object.keys(passive),
  ]);
  expect(types.filter((type, index) => types.indexOf(type) !== index)).toEqual([]);
});

describe.each(apis)("%s", (name, service, api) => {
  const emulator = emulators.of(service);
  const served = emulators.all().find((each) => each === emulator);
  if (!served) throw new Error(`${service.name} was not created`);

  test("implemented methods answer, refused ones say so by their name", async () => {
    for (const [method, rule] of Object.entries(api.methods)) {
      const request = urlOf(api, rule);
      const answer = await rest(served, request.method, request.url).catch((error) => error);
      expect([method, answer.message ?? ""]).toEqual([
        method,
        expect.not.stringMatching(/is not simulated here|^Not simulated/),
      ]);
    }
    for (const [method, rule] of Object.entries(api.refused ?? {})) {
      const request = urlOf(api, rule);
      await expect(rest(served, request.method, request.url)).rejects.toMatchObject({
        http: 501,
        code: "UNIMPLEMENTED",
      });
      const found = served.grpc.find((each) => each.name === name)?.methods[method];
      if (api.protos) await expect(found?.({}, {})).rejects.toThrow(`${name}.${method} is not simulated here`);
    }
  });

  const { protos } = api;
  const rules = Object.entries({ ...api.methods, ...api.refused });
  if (rules.some(([method]) => googleRule(`${name}.${method}`))) {
    test("methods and their HTTP rules are those of the protos of Google's client", () => {
      for (const [method, rule] of rules)
        expect([method, starred(rule)]).toEqual([method, googleRule(`${name}.${method}`)]);
    });
  }
  if (protos === undefined) return;
  test("methods and their HTTP rules are those of the proto", () => {
    for (const [method, rule] of rules) {
      const { options = {} } = definitionOf(protos, name, method);
      const [verb = "", path] = rule.split(" ");
      expect([method, options[`(google.api.http).${verb.toLowerCase()}`]]).toEqual([method, path]);
    }
    for (const stream of api.streams ?? []) expect(definitionOf(protos, name, stream).requestStream).toBe(true);
  });
});

describe("permissions", () => {
  const known = new Set(Object.values(roles.roles).flat());
  const prefixes = new Set([...known].map((permission) => permission.split(".")[0]));

  test.each(DESCRIPTIONS.map((each): [string, readonly string[]] => [each.name, each.permissions]))(
    "of %s are in predefined roles",
    (_, permissions) => {
      expect(permissions.filter((permission) => !known.has(permission))).toEqual([]);
    },
  );

  test.each(folders)("that code in %s checks are in its definition", (folder) => {
    const files = readdirSync(join(source, folder)).filter((file) => file.endsWith(".ts") && file !== "index.ts");
    const checked = files.flatMap((file) =>
      [...readFileSync(join(source, folder, file), "utf8").matchAll(/"(([a-z]+)\.[a-zA-Z]+\.[a-zA-Z]+)"/g)].flatMap(
        // JSON APIs say insert where IAM says create.
        ([, name = "", prefix = ""]) => (prefixes.has(prefix) && !name.endsWith(".insert") ? [name] : []),
      ),
    );
    const index = readFileSync(join(source, folder, "index.ts"), "utf8");
    expect([...new Set(checked)].filter((permission) => !index.includes(`"${permission}"`))).toEqual([]);
  });
});

describe("a definition", () => {
  const emulator: Emulator = { pending: () => 0, stop: () => {} };
  const api = { name: "acme.v1.Things", hosts: ["acme.googleapis.com"], methods: { Get: "GET /v1/{name=things/*}" } };
  const definition = { name: "Acme", simulated: {}, permissions: [], apis: [api] };

  test("with a method that its emulator does not handle is an error", () => {
    expect(() => defineService({ ...definition, create: () => emulator }).create(around, [])).toThrow(
      "acme.v1.Things: the emulator has no handler of Get",
    );
  });

  test("answers by its handlers", async () => {
    const handlers = { Get: ({ request }: { request: { name: string } }) => ({ called: request.name }) };
    const things = defineService({ ...definition, create: () => ({ ...emulator, handlers }) }).create(around, []);
    expect(await rest(things, "GET", "https://acme.googleapis.com/v1/things/1")).toMatchObject({
      status: 200,
      body: { called: "things/1" },
    });
  });
});
