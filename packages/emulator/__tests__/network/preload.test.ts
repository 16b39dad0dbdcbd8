import { existsSync, readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { dirname } from "node:path";
import type { Network } from "../../src/network";
import { ACCOUNT, restService, result, run, startNetwork } from "./support";

// Where a process of the local network can go: Google's hosts, its metadata server, itself; nowhere
// else.

let network: Network;
let refused: string[];
const anything = restService(["storage.googleapis.com", "*-aiplatform.googleapis.com", "b.storage.googleapis.com"], {
  "GET /x": ({ host, caller }) => ({ host, caller }),
});
beforeAll(async () => {
  ({ network, refused } = await startNetwork());
  network.services.add({ rest: [anything], grpc: [] });
});
afterAll(() => network.stop());

const GET = `
  const get = (module, options) => new Promise((resolve) => {
    module.get(options, (response) => { let body = ""; response.on("data", (d) => { body += d; });
      response.on("end", () => resolve(body)); }).on("error", ({ code, message }) => resolve({ code, message }));
  });`;

test.each([
  [
    "a promisified lookup",
    "storage.googleapis.com",
    `async (host) => {
      const { address, family } = await require("node:util").promisify(require("node:dns").lookup)(host);
      return get(require("node:https"), { host: address, family, servername: host, headers: { host }, path: "/x" }); }`,
  ],
  ["fetch", "storage.googleapis.com", `async (host) => (await fetch("https://" + host + "/x")).text()`],
  [
    "https by URL",
    "us-central1-aiplatform.googleapis.com",
    `(host) => get(require("node:https"), "https://" + host + "/x")`,
  ],
  ["https by options", "b.storage.googleapis.com", `(host) => get(require("node:https"), { host, path: "/x" })`],
  [
    "an address looked up before",
    "storage.googleapis.com",
    `async (host) => {
      const { address } = await require("node:dns").promises.lookup(host);
      return get(require("node:https"), { host: address, servername: host, headers: { host }, path: "/x" }); }`,
  ],
  [
    "tls",
    "storage.googleapis.com",
    `(host) => new Promise((resolve) => { let text = "";
      const socket = require("node:tls").connect(443, host, { servername: host }, () =>
        socket.write("GET /x HTTP/1.1\\r\\nHost: " + host + "\\r\\nConnection: close\\r\\n\\r\\n"));
      socket.on("data", (d) => { text += d; }); socket.on("end", () => resolve(text.split("\\r\\n\\r\\n")[1])); })`,
  ],
])("%s reaches %s", async (_way, host, code) => {
  const program = `${GET}(${code})("${host}").then((text) => console.log(text), console.error);`;
  expect(result(await run(network, program))).toEqual({ host, caller: {} });
});

test("ES modules too, with names imported from node:dns", async () => {
  const program = `import { lookup } from "node:dns";
    const address = await new Promise((resolve) => lookup("storage.googleapis.com", (_error, address) => resolve(address)));
    const body = await (await fetch("https://storage.googleapis.com/x")).json();
    console.log(JSON.stringify([address, body.host]));`;
  expect(result(await run(network, program, { esm: true }))).toEqual(["199.36.153.8", "storage.googleapis.com"]);
});

test.each([
  [
    "connected UDP",
    "g.example",
    `new Promise((r) => require("node:dgram").createSocket("udp4").on("error", r).connect(53, "g.example"))`,
  ],
  [
    "a name that begins like an address",
    "127.evil.example",
    `fetch("https://127.evil.example/").catch((e) => e.cause)`,
  ],
  ["fetch", "example.com", `fetch("https://example.com/").catch((e) => e.cause)`],
  ["http", "example.org", `new Promise((r) => require("node:http").get("http://example.org/").on("error", r))`],
  ["an address", "8.8.8.8", `new Promise((r) => require("node:net").connect(53, "8.8.8.8").on("error", r))`],
  [
    "an IPv6 address",
    "2001:db8::1",
    `new Promise((r) => require("node:net").connect({ host: "2001:db8::1", port: 1 }).on("error", r))`,
  ],
  [
    "a name like Google's",
    "googleapis.com.evil.example",
    `fetch("https://googleapis.com.evil.example/").catch((e) => e.cause)`,
  ],
  [
    "a name that ends like Google's",
    "evilgoogleapis.com",
    `fetch("https://evilgoogleapis.com/").catch((e) => e.cause)`,
  ],
  ["dns.lookup", "a.example", `new Promise((r) => require("node:dns").lookup("a.example", r))`],
  ["dns.promises.lookup", "b.example", `require("node:dns").promises.lookup("b.example").catch((e) => e)`],
  [
    "a promisified lookup",
    "f.example",
    `require("node:util").promisify(require("node:dns").lookup)("f.example").catch((e) => e)`,
  ],
  ["dns.resolve", "c.example", `new Promise((r) => require("node:dns").resolveTxt("c.example", r))`],
  ["a Resolver", "d.example", `new (require("node:dns").promises.Resolver)().resolve4("d.example").catch((e) => e)`],
  ["UDP", "9.9.9.9", `new Promise((r) => require("node:dgram").createSocket("udp4").send("x", 53, "9.9.9.9", r))`],
  [
    "a child process of it",
    "e.example",
    `new Promise((r) => require("node:child_process").execFile(process.execPath,
      ["-e", "fetch('https://e.example/').catch((e) => console.log(e.cause.code + '|' + e.cause.message))"],
      (_error, out) => { const [code, message] = out.trim().split("|"); r({ code, message }); }))`,
  ],
])("%s to %s is refused, by name", async (_way, host, code) => {
  const ran = await run(
    network,
    `(${code}).then(({ code, message }) => { console.log(JSON.stringify([code, message])); process.exit(); });`,
  );
  expect(result(ran)).toEqual([
    "ENOTFOUND",
    `${host} is not reachable in a local run: only Google's APIs that are simulated are`,
  ]);
});

test("the process's own ports stay reachable", async () => {
  const program = `const server = require("node:http").createServer((_q, s) => s.end('"self"')).listen(0, async () => {
    const { port } = server.address();
    console.log(JSON.stringify([await (await fetch("http://localhost:" + port)).json(), await (await fetch("http://127.0.0.1:" + port)).json()]));
    process.exit();
  });`;
  expect(result(await run(network, program))).toEqual(["self", "self"]);
});

test("Google's hosts have no records to resolve, and nothing is refused for it", async () => {
  const before = refused.length;
  const program = `require("node:dns").promises.resolveTxt("_grpc_config.storage.googleapis.com").catch(({ code }) => console.log(JSON.stringify(code)));`;
  const ran = await run(network, program);
  expect([result(ran), ran.errors, refused.length]).toEqual(["ENODATA", "", before]);
});

test("the developer's own programs reach it with the CA's certificate, and only then", async () => {
  const ask = (ca?: Buffer) =>
    new Promise<string>((resolve) => {
      const options = { host: "127.0.0.1", port: network.port, servername: "storage.googleapis.com", path: "/x", ca };
      const headers = { host: "storage.googleapis.com" };
      request({ ...options, headers, agent: new Agent() }, (response) => resolve(String(response.statusCode)))
        .on("error", ({ message }) => resolve(message))
        .end();
    });
  expect(await ask(readFileSync(network.caFile))).toBe("200");
  expect(await ask()).toMatch(/unable to (get local issuer|verify the first) certificate/);
});

test("tokens that Google's APIs do not take are 401", async () => {
  const idToken = network.options.tokens.idToken(ACCOUNT, "https://storage.googleapis.com");
  const program = `Promise.all(["${idToken}", "x"].map(async (token) => {
    const reply = await fetch("https://storage.googleapis.com/x", { headers: { authorization: "Bearer " + token } });
    return [reply.status, (await reply.json()).error.status];
  })).then((all) => console.log(JSON.stringify(all)));`;
  expect(result(await run(network, program))).toEqual([
    [401, "UNAUTHENTICATED"],
    [401, "UNAUTHENTICATED"],
  ]);
});

test("stop removes the folder and closes the port", async () => {
  const { network: other } = await startNetwork();
  const { caFile, port } = other;
  expect(existsSync(caFile)).toBe(true);
  await other.stop();
  expect(existsSync(dirname(caFile))).toBe(false);
  await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
});
