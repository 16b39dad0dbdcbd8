import { spawn, spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { restService } from "../network/support";
import { Bench, CALLER, json, RUNTIME, urlOf } from "./support";

// Starting and stopping functions, what they find around them, and requests to elsewhere.

const benches: Bench[] = [];
function bench(...[fixtures, options]: ConstructorParameters<typeof Bench>): Bench {
  const made = new Bench(fixtures, options);
  benches.push(made);
  return made;
}
afterEach(async () => {
  await Promise.all(benches.splice(0).map((each) => each.stop()));
});

/** A process that has ended but was not waited for is none. */
const alive = (pid: number) =>
  /^[^Z]/.test(
    spawnSync("ps", ["-o", "stat=", "-p", String(pid)])
      .stdout.toString()
      .trim(),
  );
async function gone(pid: number): Promise<boolean> {
  for (let turn = 0; turn < 200 && alive(pid); turn++) await new Promise((resolve) => setTimeout(resolve, 10));
  return !alive(pid);
}

test("the environment is the stack's, Cloud Run's and the network's, nothing of the developer's", async () => {
  process.env.GOOGLE_APPLICATION_CREDENTIALS = "/nobody/key.json";
  process.env.DEVELOPER_SECRET = "s";
  const code = `exports.entry = (req, res) => res.json({ env: process.env, send: typeof process.send, cwd: process.cwd() });`;
  const started = await bench({
    f: {
      code,
      build: { entry_point: "entry" },
      service: { environment_variables: { A: "1", NODE_OPTIONS: "--no-warnings" } },
    },
  }).start();
  delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
  delete process.env.DEVELOPER_SECRET;
  const { env, send } = json(await started.call("f"));
  const { HOME, CLOUDSDK_CONFIG, NODE_OPTIONS, ...rest } = env;
  expect(rest).toMatchObject({
    A: "1",
    PORT: "8080",
    K_SERVICE: "f",
    K_CONFIGURATION: "f",
    K_REVISION: expect.stringMatching(/^f-00001-/),
    FUNCTION_TARGET: "entry",
    FUNCTION_SIGNATURE_TYPE: "http",
    NODE_ENV: "production",
    GCE_METADATA_HOST: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
  });
  const expected = [
    "A",
    "APPDATA",
    "FUNCTION_SIGNATURE_TYPE",
    "FUNCTION_TARGET",
    "GCE_METADATA_HOST",
    "K_CONFIGURATION",
  ];
  expected.push("K_REVISION", "K_SERVICE", "LOCAL_GOOGLE_PORT", "NODE_ENV", "NODE_EXTRA_CA_CERTS", "PATH", "PORT");
  expected.push("TEMP", "TMPDIR", "USERPROFILE");
  expect(Object.keys(rest).sort()).toEqual(expected);
  expect(NODE_OPTIONS).toMatch(/^--require ".*preload\.cjs" --no-warnings$/);
  expect(HOME).toBe(CLOUDSDK_CONFIG);
  expect(send).toBe("undefined");
});

test("a service that starts later has no instance until its first request", async () => {
  const code = "exports.handler = (req, res) => res.send('here');";
  const startsLater = (name: string) => name === "later";
  const started = await bench({ first: { code }, later: { code } }, { startsLater }).start();
  const instances = () => started.host.states().map(({ name, instances }) => [name, instances]);
  expect(instances()).toEqual([
    ["first", 1],
    ["later", 0],
  ]);
  expect(await started.call("later")).toMatchObject({ status: 200, body: Buffer.from("here") });
  expect(instances()).toContainEqual(["later", 1]);
});

test("what it writes is its log, structured where it is JSON", async () => {
  const entries: unknown[] = [];
  const code = `exports.handler = (req, res) => {
    console.log(JSON.stringify({ severity: "WARNING", message: "half\\ndone", task: 1 }));
    console.error("plain");
    res.end();
  };`;
  const started = await bench({ f: { code } }, { onLog: (name, entry) => entries.push([name, entry]) }).start();
  await started.call("f");
  while (started.host.log("f").length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  const structured = {
    severity: "WARNING",
    message: "half\ndone",
    fields: { severity: "WARNING", message: "half\ndone", task: 1 },
  };
  expect(started.host.log("f")).toContainEqual(structured);
  expect(started.host.log("f")).toContainEqual({ severity: "DEFAULT", message: "plain" });
  expect(entries).toContainEqual(["f", structured]);
});

test.each([
  ["does not compile", "exports.handler = (", /SyntaxError/],
  ["throws at start", "throw new Error('no INPUT_BUCKET');", /no INPUT_BUCKET/],
  ["ends at start", "console.error('giving up'); process.exit(3);", /with exit code 3\n {2}giving up/],
  ["has another entry point", "exports.other = () => {};", /'handler' is not defined/],
])("a function that %s is reported with its log's last lines", async (_what, code, reason) => {
  const begin = bench({ good: { code: "exports.handler = (req, res) => res.end();" }, bad: { code } });
  await expect(begin.start()).rejects.toThrow(/^google_cloudfunctions2_function\.bad does not start: /);
  await expect(bench({ bad: { code } }).start()).rejects.toThrow(reason);
});

test("what cannot run here is named, all at once", async () => {
  const source = { storage_source: { bucket: "sources", object: "nowhere.zip" } };
  const code = "exports.handler = (req, res) => res.end();";
  const fixtures = { go: { code, build: { runtime: "go124" } }, lost: { code, build: { source } }, fine: { code } };
  await expect(bench(fixtures).start()).rejects.toThrow(
    new Error(
      [
        "google_cloudfunctions2_function.go: runtime go124 is not simulated; allowed: nodejs*, python3*",
        "google_cloudfunctions2_function.lost: no google_storage_bucket_object is its source sources/nowhere.zip",
      ].join("\n"),
    ),
  );
});

test("packages that a build would install are refused by name, the framework is there", async () => {
  const packageJson = {
    main: "index.js",
    dependencies: { "@google-cloud/functions-framework": "5", express: "4", lodash: "4" },
  };
  const code = `require("@google-cloud/functions-framework").http("handler", (req, res) => res.send("registered"));`;
  await expect(bench({ f: { code, packageJson } }).start()).rejects.toThrow(
    /f\.zip: its package\.json asks for express, lodash, and installing packages is not simulated$/,
  );
  const started = await bench({ f: { code } }).start();
  expect((await started.call("f")).body.toString()).toBe("registered");
});

test("code calls Google's APIs as its own account, and nobody else", async () => {
  const code = `exports.handler = async (req, res) => {
    const metadata = await fetch("http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token",
      { headers: { "metadata-flavor": "Google" } });
    const { access_token } = await metadata.json();
    const reply = await fetch("https://pubsub.googleapis.com/v1/x", { headers: { authorization: "Bearer " + access_token } });
    const outside = await fetch("https://example.com/").catch((error) => error.cause.message);
    const peer = await fetch("${urlOf("f")}/").then(({ status }) => status);
    res.json({ reply: await reply.json(), outside, peer });
  };`;
  const started = await bench({ f: { code, service: { ingress_settings: "ALLOW_INTERNAL_ONLY" } } }).start();
  const service = restService(["pubsub.googleapis.com"], { "GET /v1/x": ({ caller }) => caller });
  started.network.services.add({ rest: [service, started.host.service("external")], grpc: [] });
  expect(json(await started.call("f"))).toEqual({
    reply: { email: RUNTIME },
    outside: "example.com is not reachable in a local run: only Google's APIs that are simulated are",
    peer: 404,
  });
  expect(started.refused).toEqual(["example.com"]);
});

test("hosts that a process of the function's calls are reported too", async () => {
  const code = `exports.handler = (req, res) => require("node:child_process").spawn(process.execPath,
    ["-e", "fetch('https://b.example/').catch(() => {})"], { stdio: "inherit" }).on("exit", () => res.end());`;
  const started = await bench({ f: { code } }).start();
  await started.call("f");
  while (started.refused.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(started.refused).toEqual(["b.example"]);
});

test("the invoker calls Google's APIs in the name of the token's account", async () => {
  const started = await bench({}).start();
  const service = restService(["workflowexecutions.googleapis.com"], {
    "POST /v1/w": ({ caller, query }) => ({ caller, q: query.get("q") }),
  });
  started.network.services.add({ rest: [service], grpc: [] });
  const call = (url: string, token: string) =>
    started.host.invoke({
      url,
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
      body: Buffer.alloc(0),
      deadline: 5000,
    });
  const url = "https://workflowexecutions.googleapis.com/v1/w?q=1";
  const reply = await call(url, started.tokens.accessToken(CALLER));
  expect([reply.status, json(reply)]).toEqual([200, { caller: { email: CALLER }, q: "1" }]);
  const idToken = await call(url, started.tokens.idToken(CALLER, url));
  expect([idToken.status, json(idToken).error.status]).toEqual([401, "UNAUTHENTICATED"]);
  const missing = await call("https://workflowexecutions.googleapis.com/v1/other", started.tokens.accessToken(CALLER));
  expect([missing.status, json(missing).error.message]).toEqual([404, "no POST /v1/other"]);
});

test("a host that is not simulated gives no connection, and is reported", async () => {
  const started = await bench({}).start();
  const reply = await started.host.invoke({
    url: "https://example.com/x",
    method: "GET",
    headers: {},
    body: Buffer.alloc(0),
    deadline: 5000,
  });
  expect(reply).toMatchObject({ status: 0, failure: "connection" });
  expect(started.refused).toEqual(["example.com"]);
});

const SPAWNS = `
const { spawn } = require("node:child_process");
const child = spawn("sleep", ["600"]);
exports.handler = (req, res) => res.json({ pids: [process.pid, child.pid], folder: __dirname, home: process.env.HOME });`;

test("stop leaves no process and no folder", async () => {
  const started = await bench({ f: { code: SPAWNS } }).start();
  const { pids, folder, home } = json(await started.call("f"));
  expect(pids.map(alive)).toEqual([true, true]);
  benches.pop();
  await started.stop();
  expect(await Promise.all(pids.map(gone))).toEqual([true, true]);
  expect([folder, home].map((each) => existsSync(each))).toEqual([false, false]);
});

test.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)("a parent that ends by %s leaves no process", async (signal) => {
  const parent = spawn(
    process.execPath,
    ["scripts/ts.mjs", join("packages", "emulator", "__tests__", "functions", "parent.ts")],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const line = await new Promise<string>((resolve) => parent.stdout.once("data", (data) => resolve(String(data))));
  const { pids, folder, home, sources } = JSON.parse(line);
  expect(pids.map(alive)).toEqual([true, true]);
  parent.kill(signal);
  const ended = await new Promise((resolve) => parent.once("exit", (_code, by) => resolve(by)));
  expect(ended).toBe(signal);
  expect(await Promise.all(pids.map(gone))).toEqual([true, true]);
  // Nobody can clean up after SIGKILL.
  const left = signal === "SIGKILL";
  expect([folder, home].map((each) => existsSync(each))).toEqual([left, left]);
  for (const each of [folder, home, sources]) rmSync(dirname(each), { recursive: true, force: true });
});
