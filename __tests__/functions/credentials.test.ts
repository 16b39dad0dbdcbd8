import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { buildSync } from "esbuild";

// What the metadata server and an API get of a function's requests. They are sent by a bundle, as in
// the cloud: the library cannot load its HTTP client under Jest.

const root = mkdtempSync(join(tmpdir(), "credentials-"));
const asked: string[] = [];
let token = "";
const server = createServer(({ url = "", headers }, response) => {
  asked.push(`${headers["metadata-flavor"] ?? headers.authorization} ${url}`);
  response.setHeader("Metadata-Flavor", "Google").setHeader("Content-Type", "application/json");
  if (!url.startsWith("/computeMetadata/")) response.end('{ "thing": 1 }');
  else if (token) response.end(JSON.stringify({ access_token: token, expires_in: 3600, token_type: "Bearer" }));
  else response.writeHead(404).end('{ "error": { "message": "no such account" } }');
});
const host = () => `127.0.0.1:${(server.address() as AddressInfo).port}`;

beforeAll(async () => {
  const shared = (file: string) => JSON.stringify(resolve("functions", "shared", file));
  const entry = join(root, "ask.ts");
  writeFileSync(
    entry,
    `import { ownCredentials } from ${shared("credentials")};
    import { googleApi } from ${shared("google-api")};
    const ask = googleApi(ownCredentials());
    const thing = () => ask({ method: "GET", url: process.argv[2] ?? "", idempotent: false });
    thing().then(thing).then((answer) => console.log(JSON.stringify(answer)), (error) => console.log(error.message));`,
  );
  buildSync({ entryPoints: [entry], outfile: join(root, "ask.cjs"), bundle: true, platform: "node" });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
});

beforeEach(() => {
  asked.length = 0;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(root, { recursive: true, force: true });
});

/** What a function gets that asks for a thing twice. */
async function answer(): Promise<string> {
  const env = { PATH: process.env.PATH, GCE_METADATA_HOST: host() };
  const args = [join(root, "ask.cjs"), `http://${host()}/v1/thing`];
  return (await promisify(execFile)(process.execPath, args, { env })).stdout.trim();
}

test("one call fetches the token, and the next request has it too", async () => {
  token = "of-the-function";
  expect(await answer()).toBe('{"thing":1}');
  const scope = encodeURIComponent("https://www.googleapis.com/auth/cloud-platform");
  expect(asked).toEqual([
    `Google /computeMetadata/v1/instance/service-accounts/default/token?scopes=${scope}`,
    "Bearer of-the-function /v1/thing",
    "Bearer of-the-function /v1/thing",
  ]);
});

test("without a token a request is not sent, and says why", async () => {
  token = "";
  expect(await answer()).toMatch(/\/v1\/thing answered 404 404: no such account$/);
  expect(asked.filter((each) => each.includes("/v1/thing"))).toEqual([]);
});
