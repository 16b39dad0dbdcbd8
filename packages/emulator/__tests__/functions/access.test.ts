import { authorizerOf, Bench, CALLER, json, urlOf } from "./support";

// Who reaches a function's code, and what others get.

const ECHO = `let count = 0; exports.handler = (req, res) => res.json({ count: ++count, url: req.url, headers: req.headers, body: String(req.rawBody ?? "") });`;

let bench: Bench;
beforeAll(async () => {
  // One instance, so that its count is the function's.
  const closed = { ingress_settings: "ALLOW_INTERNAL_ONLY", max_instance_count: 1 };
  const mine = "run.routes.invoke projects/acme-ml/locations/us-central1/services";
  bench = await new Bench(
    { closed: { code: ECHO, service: closed }, open: { code: ECHO } },
    { authorizer: authorizerOf({ [CALLER]: [`${mine}/closed`], allUsers: [`${mine}/open`] }) },
  ).start();
  bench.network.services.add({ rest: [bench.host.service("external")], grpc: [] });
});
afterAll(() => bench.stop());

/** How many requests have reached the code of `closed`, this one not counted. */
const reached = async () => json(await bench.call("closed")).count - 1;

test("an ID token for the service's URL passes; its signature does not", async () => {
  const reply = await bench.call("closed", "/a/b?c=d%20e", {
    body: "hello",
    headers: { "X-Thing": "1", "Content-Type": "text/plain" },
  });
  expect(reply.status).toBe(200);
  const { url, headers, body } = json(reply);
  expect([url, body]).toEqual(["/a/b?c=d%20e", "hello"]);
  expect(headers).toMatchObject({
    host: new URL(urlOf("closed")).host,
    "x-thing": "1",
    "x-forwarded-proto": "https",
    "content-length": "5",
  });
  expect(headers.authorization).toMatch(/^Bearer [\w-]+\.[\w-]+\.SIGNATURE_REMOVED_BY_GOOGLE$/);
  expect(headers["x-cloud-trace-context"]).toMatch(/^[0-9a-f]{32}\/\d+;o=0$/);
});

// "a valid ID token that includes an audience claim matching the receiving service's *.run.app
// URL": https://docs.cloud.google.com/run/docs/configuring/custom-audiences
describe("the audience of a token is a URL of the service", () => {
  const url = urlOf("closed");
  test.each([
    [url, 200],
    [`${url}/`, 200],
    ["https://closed-123456789012.us-central1.run.app", 200],
    ["https://us-central1-acme-ml.cloudfunctions.net/closed", 200],
    [`${url}/push`, 401],
    [`${url}?query`, 401],
    [`${url}//`, 401],
    [url.toUpperCase(), 401],
    [urlOf("open"), 401],
    ["https://us-central1-acme-ml.cloudfunctions.net", 401],
    ["https://us-central1-acme-ml.cloudfunctions.net/open", 401],
  ])("%s: %i", async (audience, expected) => {
    const before = await reached();
    const authorization = `Bearer ${bench.tokens.idToken(CALLER, audience)}`;
    const { status, body } = await bench.call("closed", "/push", { headers: { authorization } });
    expect(status).toBe(expected);
    expect(await reached()).toBe(before + (expected === 200 ? 2 : 1));
    if (expected === 401) {
      expect(body.toString()).toContain(
        `The token of ${CALLER} is for ${audience}; Cloud Run takes the service's URL, ${url}, without path or query`,
      );
    }
  });
});

test.each([
  ["https://closed-123456789012.us-central1.run.app/a?b=c", "/a?b=c"],
  ["https://us-central1-acme-ml.cloudfunctions.net/closed/a?b=c", "/a?b=c"],
  ["https://us-central1-acme-ml.cloudfunctions.net/closed?b=c", "/?b=c"],
])("%s is a URL of the function, which sees %s", async (url, expected) => {
  const headers = { authorization: `Bearer ${bench.tokens.idToken(CALLER, urlOf("closed"))}` };
  const reply = await bench.host.invoke({ url, method: "GET", headers, body: Buffer.alloc(0), deadline: 5000 });
  expect([reply.status, json(reply).url]).toEqual([200, expected]);
});

test("a name that no function has, under the host of all, is not found", async () => {
  const url = "https://us-central1-acme-ml.cloudfunctions.net/closed-too";
  const reply = await bench.host.service("internal").handle({
    method: "GET",
    host: new URL(url).host,
    path: "/closed-too",
    query: new URLSearchParams(),
    headers: {},
    body: Buffer.alloc(0),
    caller: {},
  });
  expect(reply.status).toBe(404);
});

test("a service for everyone looks at no token", async () => {
  const bare = { url: urlOf("open"), method: "GET", headers: {}, body: Buffer.alloc(0), deadline: 5000 };
  expect((await bench.host.invoke(bare)).status).toBe(200);
  expect((await bench.host.invoke({ ...bare, headers: { authorization: "Bearer garbage" } })).status).toBe(200);
});

test("from outside, an internal-only service is not there, whatever the token", async () => {
  const outside = (name: string) =>
    bench.host.service("external").handle({
      method: "POST",
      host: new URL(urlOf(name)).host,
      path: "/",
      query: new URLSearchParams(),
      headers: { authorization: `Bearer ${bench.tokens.idToken(CALLER, urlOf(name))}` },
      body: Buffer.alloc(0),
      caller: {},
    });
  const before = await reached();
  expect(await outside("closed")).toMatchObject({
    status: 404,
    body: expect.stringContaining("Error 404 (Not Found)"),
  });
  expect(await reached()).toBe(before + 1);
  expect((await outside("open")).status).toBe(200);
});

test("more than 32 MiB are refused with 413", async () => {
  const reply = await bench.host.invoke({
    url: urlOf("open"),
    method: "POST",
    headers: {},
    body: Buffer.alloc(32 * 1024 * 1024 + 1),
    deadline: 5000,
  });
  expect(reply.status).toBe(413);
});

test("the invoker alone is not the build: its identity needs its four permissions", async () => {
  const build = { service_account: "projects/acme-ml/serviceAccounts/build@acme-ml.iam.gserviceaccount.com" };
  const email = "build@acme-ml.iam.gserviceaccount.com";
  const needed = [
    "storage.objects.get projects/_/buckets/sources/objects/f.zip",
    "storage.objects.get projects/_/buckets/gcf-v2-sources-123456789012-us-central1/objects/f/function-source.zip",
    "logging.logEntries.create projects/acme-ml",
    "artifactregistry.repositories.uploadArtifacts projects/acme-ml",
  ];
  for (const missing of needed) {
    const authorizer = authorizerOf({ [email]: needed.filter((each) => each !== missing) });
    const without = new Bench({ f: { code: ECHO, build } }, { authorizer });
    await expect(without.start()).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: `${email} lacks ${missing.replace(" ", " on ")}`,
    });
    await without.stop();
  }
  const complete = new Bench({ f: { code: ECHO, build } }, { authorizer: authorizerOf({ [email]: needed }) });
  await complete.start();
  await complete.stop();
});
