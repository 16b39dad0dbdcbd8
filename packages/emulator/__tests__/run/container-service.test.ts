import { existsSync } from "node:fs";
import { ApiError } from "../../src/core/api-error";
import { ManualClock } from "../../src/core/clock";
import { containerServiceOf, containerServiceProblems } from "../../src/run/container-service";
import { Secrets } from "../../src/secrets";
import { authorizerOf, CALLER, json, RUNTIME } from "../functions/support";
import { restService } from "../network/support";
import { ContainerBench, PLACE, server, serviceOf, urlOf } from "./support";

const benches: ContainerBench[] = [];
function bench(...[fixtures, options]: ConstructorParameters<typeof ContainerBench>): ContainerBench {
  const made = new ContainerBench(fixtures, options);
  benches.push(made);
  return made;
}
afterEach(async () => {
  await Promise.all(benches.splice(0).map((each) => each.stop()));
});

test("a container gets its arguments, the stack's variables and secrets, and those of Cloud Run", async () => {
  const secret = { secret_key_ref: { secret: "key", version: "latest" } };
  const fixture = {
    code: server("{ env: process.env, args: process.argv.slice(2), url: req.url, method: req.method, body }"),
    container: {
      args: ["--batch", "a b"],
      env: [{ name: "A", value: "1" }, { name: "EMPTY" }, { name: "KEY", value_source: secret }],
    },
  };
  const references = [{ name: "projects/acme-ml/secrets/key", version: "latest" }];
  const secrets = new Secrets({ ...PLACE, resources: [], references, given: { key: "s3cret" } });
  const authorizer = authorizerOf({
    [CALLER]: ["run.routes.invoke projects/acme-ml/locations/us-central1/services/ocr"],
    [RUNTIME]: ["secretmanager.versions.access projects/acme-ml/secrets/key"],
  });
  const started = await bench({ ocr: fixture }, { secrets, authorizer }).start();
  const { env, ...rest } = json(await started.call("ocr", "/a?b=c", "hello"));
  expect(rest).toEqual({ args: ["--batch", "a b"], url: "/a?b=c", method: "POST", body: "hello" });
  expect(env).toMatchObject({
    A: "1",
    EMPTY: "",
    KEY: "s3cret",
    PORT: expect.stringMatching(/^\d+$/),
    K_SERVICE: "ocr",
    K_CONFIGURATION: "ocr",
    K_REVISION: expect.stringMatching(/^ocr-00001-/),
    GCE_METADATA_HOST: expect.stringMatching(/^127/),
  });
  expect(env).not.toHaveProperty("FUNCTION_TARGET");
});

test("calls Google's APIs as its own account; a crash kills the instance that calls", async () => {
  const code = server(`(async () => {
    const token = await fetch("http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token",
      { headers: { "metadata-flavor": "Google" } }).then((reply) => reply.json());
    const reply = await fetch("https://pubsub.googleapis.com/v1" + req.url,
      { headers: { authorization: "Bearer " + token.access_token } });
    return { pid: process.pid, reply: await reply.json() };
  })()`);
  const started = await bench({ ocr: { code } }).start();
  let killed: number | undefined;
  const service = restService(["pubsub.googleapis.com"], {
    "GET /v1/x": ({ caller }) => caller,
    "GET /v1/crash": ({ port }) => {
      killed = started.host.crash("ocr", port);
      return {};
    },
  });
  started.network.services.add({ rest: [service], grpc: [] });
  const first = json(await started.call("ocr", "/x"));
  expect(first.reply).toEqual({ email: RUNTIME });
  expect((await started.call("ocr", "/crash")).status).toBe(503);
  expect(killed).toBe(1);
  expect(json(await started.call("ocr", "/x")).pid).not.toBe(first.pid);
});

test("IAM, ingress, custom audiences and open services", async () => {
  const code = server("1");
  const fixtures = {
    closed: {
      code,
      resource: { ingress: "INGRESS_TRAFFIC_INTERNAL_ONLY", custom_audiences: ["https://ocr.acme.com"] },
    },
    open: { code, resource: { invoker_iam_disabled: true } },
  };
  const invoke = "run.routes.invoke projects/acme-ml/locations/us-central1/services/closed";
  const started = await bench(fixtures, { authorizer: authorizerOf({ [CALLER]: [invoke] }) }).start();
  const status = async (name: string, token?: string, url = urlOf(name)) => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const reply = await started.host.invoke({ url, method: "GET", headers, body: Buffer.alloc(0), deadline: 9000 });
    return reply.status;
  };
  const { tokens } = started;
  expect(await status("closed")).toBe(403);
  expect(await status("closed", tokens.idToken(RUNTIME, urlOf("closed")))).toBe(403);
  expect(await status("closed", tokens.idToken(CALLER, urlOf("open")))).toBe(401);
  expect(await status("closed", tokens.idToken(CALLER, "https://ocr.acme.com"))).toBe(200);
  const alias = "https://closed-123456789012.us-central1.run.app";
  expect(await status("closed", tokens.idToken(CALLER, alias), alias)).toBe(200);
  expect(await status("open")).toBe(200);
  const { host } = new URL(urlOf("closed"));
  const request = { method: "GET", host, path: "/", query: new URLSearchParams(), body: Buffer.alloc(0), caller: {} };
  const headers = { authorization: `Bearer ${tokens.idToken(CALLER, urlOf("closed"))}` };
  const outside = await started.host.service("external").handle({ ...request, headers });
  expect(outside.status).toBe(404);
});

test("timeout and concurrency are the template's", async () => {
  const clock = new ManualClock();
  const code = server(
    `req.url === "/hold" ? new Promise(() => {}) : { pid: process.pid, now: (globalThis.now = (globalThis.now ?? 0) + 1) }`,
  );
  const template = { timeout: "90.5s", max_instance_request_concurrency: 2, scaling: { max_instance_count: 1 } };
  const started = await bench({ ocr: { code, template } }, { clock }).start();
  const hanging = started.call("ocr", "/hold", "", 1_800_000);
  while (started.host.pending() < 1) await new Promise((resolve) => setImmediate(resolve));
  expect(json(await started.call("ocr")).now).toBe(1);
  await clock.advance(90_499);
  await clock.advance(1);
  expect((await hanging).status).toBe(504);
});

describe("a container that is not ready", () => {
  const probe = (more: object) => ({
    container: { startup_probe: { period_seconds: 1, failure_threshold: 1, ...more } },
  });
  test.each([
    ["ends at start", "console.error('no model'); process.exit(3);", {}, /with exit code 3\n {2}no model/],
    [
      "never listens",
      "console.log('waiting'); setTimeout(() => {}, 60_000);",
      probe({}),
      /nothing listened on 127\.0\.0\.1:\d+, which is PORT, within 1 s\n {2}waiting/,
    ],
    [
      "fails its probe",
      `require("node:http").createServer((req, res) => res.writeHead(503).end()).listen(process.env.PORT, "127.0.0.1");`,
      probe({ http_get: { path: "/ready" } }),
      /GET \/ready on 127\.0\.0\.1:\d+, which is PORT, was not answered with 200 to 399 within 1 s/,
    ],
  ])("because it %s, is an error with its last lines", async (_how, code, more, reason) => {
    const error = await bench({ ocr: { code, ...more } })
      .start()
      .catch(({ message }) => message);
    expect(error).toMatch(/^google_cloud_run_v2_service\.ocr does not start: /);
    expect(error).toMatch(reason);
  });

  test("gets no request before its probe succeeds", async () => {
    const code = `let loaded = false; setTimeout(() => { loaded = true; }, 150);
      require("node:http").createServer((req, res) => req.url === "/ready"
        ? res.writeHead(loaded ? 200 : 500).end() : res.end(String(loaded))).listen(process.env.PORT, "127.0.0.1");`;
    const started = await bench({
      ocr: { code, container: { startup_probe: { http_get: { path: "/ready" } } } },
    }).start();
    expect((await started.call("ocr")).body.toString()).toBe("true");
  });
});

test("without a command the others run; its calls are 503 with what to give, and skipped", async () => {
  const started = await bench({ ocr: {}, other: { code: server("'here'") } }).start();
  expect(json(await started.call("other"))).toBe("here");
  const reply = await started.call("ocr");
  expect(reply).toMatchObject({ status: 503, skipped: true });
  const why = "ocr is a container, and nothing stands for its image here. Give --run ocr=<command>, or --docker";
  expect(reply.body.toString()).toContain(why.replace("<command>", "&lt;command&gt;"));
  expect(started.skipped).toEqual([why]);
  expect([started.host.crash("ocr"), started.host.pending()]).toEqual([0, 0]);
});

test("a mounted bucket is a copy of its objects, which the environment leads to", async () => {
  const object = (bucket: string, name: string, text: string) => ({ bucket, name, content: Buffer.from(text) });
  const objects = () => [
    object("models", "base/weights.txt", "0.5"),
    object("models", "../outside", "no"),
    object("other", "x", "no"),
  ];
  const code = server(`(() => {
    const { readFileSync, readdirSync, statSync } = require("node:fs");
    const { MODEL, FOLDER, LOCAL_MOUNT_MODELS_V1, OTHER } = process.env;
    const mode = (statSync(MODEL).mode & 0o777).toString(8);
    return { text: readFileSync(MODEL, "utf8"), mode, same: FOLDER === LOCAL_MOUNT_MODELS_V1,
      names: readdirSync(FOLDER), FOLDER, OTHER };
  })()`);
  const fixture = {
    code,
    container: {
      env: [
        { name: "MODEL", value: "/models/v1/base/weights.txt" },
        { name: "FOLDER", value: "/models/v1" },
        { name: "OTHER", value: "/models/v10" },
      ],
      volume_mounts: [{ name: "m", mount_path: "/models/v1" }],
    },
    template: { volumes: [{ name: "m", gcs: { bucket: "models", read_only: true } }] },
  };
  const invoke = "run.routes.invoke projects/acme-ml/locations/us-central1/services/ocr";
  const read = "storage.objects.list projects/_/buckets/models";
  const authorizer = authorizerOf({ [CALLER]: [invoke], [RUNTIME]: [read] });
  const started = await bench({ ocr: fixture }, { objects, authorizer }).start();
  const { FOLDER, ...found } = json(await started.call("ocr"));
  expect(found).toEqual({ text: "0.5", mode: "444", same: true, names: ["base"], OTHER: "/models/v10" });
  benches.pop();
  await started.stop();
  expect(existsSync(FOLDER)).toBe(false);
  const denied = bench({ ocr: fixture }, { objects, authorizer: authorizerOf({ [CALLER]: [invoke] }) });
  await expect(denied.start()).rejects.toThrow(
    new ApiError("PERMISSION_DENIED", `${RUNTIME} lacks ${read}`.replace(" projects", " on projects")),
  );
});

test("defaults are Cloud Run's", () => {
  const of = (fixture: object) => containerServiceOf(serviceOf("ocr", fixture), PLACE);
  expect(of({})).toMatchObject({
    timeout: 300_000,
    concurrency: 80,
    minInstances: 0,
    maxInstances: 100,
    internalOnly: false,
    startupProbe: { path: undefined, timeout: 1000, patience: 240_000 },
  });
  expect(of({ container: { resources: { limits: { cpu: "500m" } } } }).concurrency).toBe(1);
  expect(of({ container: { startup_probe: { http_get: {}, initial_delay_seconds: 5 } } }).startupProbe).toEqual({
    path: "/",
    timeout: 1000,
    patience: 35_000,
  });
  const manual = { resource: { scaling: { scaling_mode: "MANUAL", manual_instance_count: 3 } } };
  expect(of(manual)).toMatchObject({ minInstances: 3, maxInstances: 3 });
});

test("what cannot run here is named", () => {
  const of = (fixture: object) => containerServiceProblems(serviceOf("ocr", fixture));
  const address = "google_cloud_run_v2_service.ocr";
  expect(of({})).toEqual([]);
  expect(of({ template: { containers: [{ image: "a" }, { image: "b" }] } })).toEqual([
    `${address}: template.containers: given 2; simulated: one, without sidecars`,
  ]);
  expect(of({ container: { ports: [{ name: "h2c", container_port: 8080 }] } })).toEqual([
    `${address}: template.containers.ports.name: h2c is not simulated`,
  ]);
  const traffic = [{ type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent: 50 }];
  expect(of({ resource: { traffic } })).toEqual([
    `${address}: traffic: only all of it to the latest revision is simulated`,
  ]);
});
