import { Machine, type RunningStack, SkippingClock } from "@cdktf-serverless-ml/emulator";
import { Console } from "../src";
import { Api } from "./support/api";
import { CLIENT, enqueue, WORKER, WRITES, writeStack } from "./support/stack";

// A small stack that really runs, used through the console's API alone.

let stack: ReturnType<typeof writeStack>;
let machine: Machine;
let running: RunningStack;
let shown: Console;
let api: Api;

const FUNCTION = "google_cloudfunctions2_function.worker";
const task = (name: string) => `queue work task ${name}`;

beforeAll(async () => {
  stack = writeStack();
  machine = await Machine.start(stack.folder);
  running = machine.run({ clock: new SkippingClock() });
  shown = await Console.start();
  await shown.add({ running, notices: ["a notice"] });
  api = new Api(shown.port, shown.token);
});
afterAll(async () => {
  await shown?.stop();
  await running?.stop();
  await machine?.stop();
  stack?.remove();
});

test("a task is followed from the client to its end: who called as whom, and which binding allowed it", async () => {
  const item = await api.item(await enqueue(running, "followed"), "done");
  expect(item.ancestors).toMatchObject([{ kind: "request", state: "done" }]);
  // biome-ignore lint/suspicious/noExplicitAny: entries of several kinds.
  const calls = item.timeline.filter(({ kind }: any) => kind === "call");
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  const told = calls.map(({ call, decisions }: any) => [
    call.caller,
    call.method,
    call.status,
    // biome-ignore lint/suspicious/noExplicitAny: as above.
    decisions.map(({ permission, bindings }: any) => [permission, ...bindings]),
  ]);
  expect(told).toEqual([
    [
      CLIENT,
      "google.cloud.tasks.v2.CloudTasks/CreateTask",
      200,
      [["cloudtasks.tasks.create", "google_cloud_tasks_queue_iam_member.client"]],
    ],
    [
      "caller@acme-ml.iam.gserviceaccount.com",
      "POST",
      200,
      [["run.routes.invoke", "google_cloud_run_v2_service_iam_member.caller"]],
    ],
    [WORKER, "storage.objects.insert", 200, [["storage.objects.create", WRITES]]],
  ]);
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  const of = (wanted: string) => item.timeline.filter(({ kind }: any) => kind === wanted);
  // The service agent of Cloud Tasks makes the token.
  expect(of("decision")).toMatchObject([
    { decision: { permission: "iam.serviceAccounts.actAs", bindings: ["google_service_account_iam_member.tasks"] } },
  ]);
  const worker = calls[1].call.call;
  expect(of("log")).toMatchObject([
    { log: { message: "got followed", call: worker } },
    { log: { message: "plain followed", call: worker } },
  ]);
  expect(calls[2].call.parent).toBe(worker);
  expect(of("made")).toMatchObject([{ made: expect.stringMatching(/^object acme-ml-out\/followed#\d+$/) }]);
  expect(of("hop")).toMatchObject([{ hop: { attempt: 1, status: "200" } }]);
});

test("headers and bodies of a call, without its token", async () => {
  const item = await api.item(await enqueue(running, "looked-into"), "done");
  // biome-ignore lint/suspicious/noExplicitAny: entries of several kinds.
  const numbers = item.timeline.flatMap((entry: any) => (entry.kind === "call" ? [entry.call.call] : []));
  const details = await Promise.all(numbers.map((call: number) => api.get(`/calls/${call}`)));
  expect(details.map(({ text }) => text).join()).not.toMatch(/Bearer|ya29[.]|eyJhbGci/);
  expect(details[0]?.json.request).toMatchObject({
    type: "json",
    inner: { type: "json", text: '{\n  "name": "looked-into"\n}' },
  });
  expect(details[1]?.json).toMatchObject({
    headers: { "x-cloudtasks-taskname": "looked-into", "user-agent": "Google-Cloud-Tasks" },
    request: { text: '{\n  "name": "looked-into"\n}' },
    reply: { text: '{\n  "status": 200\n}' },
    attempt: 1,
    replayable: true,
  });
});

test("a binding that is taken away: the refused call says which one is missing; put back, the task is done", async () => {
  expect((await api.act("withhold", { binding: WRITES })).status).toBe(200);
  const failed = await api.item(await enqueue(running, "refused"), "retrying");
  expect(failed).toMatchObject({
    attempts: 1,
    denied: 1,
    reason: `${WORKER} lacks storage.objects.create on projects/_/buckets/acme-ml-out/objects/refused`,
  });
  // biome-ignore lint/suspicious/noExplicitAny: entries of several kinds.
  const refused = failed.timeline.find(({ call }: any) => call?.caller === WORKER);
  expect(refused).toMatchObject({
    call: { status: 403, code: "PERMISSION_DENIED" },
    decisions: [
      {
        email: WORKER,
        permission: "storage.objects.create",
        allowed: false,
        bindings: [],
        remedy: expect.stringContaining(`on projects/_/buckets/acme-ml-out to serviceAccount:${WORKER} would allow it`),
      },
    ],
  });
  const detail = await api.get("");
  expect(detail.json.actions.bindings).toContainEqual(expect.objectContaining({ address: WRITES, withheld: true }));
  expect(detail.json.current.summary.denied).toBe(1);

  await api.act("restore", { binding: WRITES });
  // The next attempt is ten minutes away.
  const jumped = await api.until(
    () => api.act("jump"),
    ({ status }) => status === 200,
  );
  expect(jumped.json.done).toMatch(/^jumped [56]\d\d s$/);
  const done = await api.item(task("refused"), "done");
  expect(done.attempts).toBe(2);
  expect(done.timeline).toContainEqual(
    expect.objectContaining({ kind: "wait", why: "before the next attempt, after 500" }),
  );
});

test("a request is sent again with an edited payload, and belongs to its item", async () => {
  const item = await api.item(await enqueue(running, "first", { name: "first" }), "done");
  // biome-ignore lint/suspicious/noExplicitAny: entries of several kinds.
  const call = item.timeline.find(({ call }: any) => call?.isWorker).call.call;
  const replayed = await api.act("replay", { call, body: JSON.stringify({ name: "edited" }) });
  expect(replayed.json).toMatchObject({ status: 200, reply: { text: '{\n  "status": 200\n}' } });
  const again = await api.item(replayed.json.item, "done");
  expect(again.parent).toBe(task("first"));
  const { json } = await api.get("/buckets/acme-ml-out/objects/edited");
  expect(json.content).toMatchObject({ type: "text", text: "first of edited" });
});

test("the next calls of a worker fail, and then it works again", async () => {
  await api.act("fail", { worker: "worker", count: 1, status: 503 });
  expect((await api.get("/state")).json.boxes[FUNCTION].failNext).toBe(1);
  const reply = await api.act("call", { worker: "worker", body: { name: "called" } });
  expect(reply.json).toMatchObject({ status: 503 });
  const next = await api.act("call", { worker: "worker", body: { name: "called" } });
  expect(next.json).toMatchObject({ status: 200 });
});

test("a paused queue keeps its tasks", async () => {
  await api.act("pause", { queue: "work" });
  const id = await enqueue(running, "kept");
  const { json } = await api.get("/state");
  expect(json.boxes["google_cloud_tasks_queue.work"]).toMatchObject({ tasks: 1, inFlight: 0, paused: true });
  expect((await api.get(`/items/${encodeURIComponent(id)}`)).json.state).toBe("waiting");
  await api.act("resume", { queue: "work" });
  await api.item(id, "done");
});

test("a message is published with attributes, and each delivery is an item of its own", async () => {
  const data = JSON.stringify({ name: "published" });
  const published = await api.act("publish", { topic: "work", data, attributes: { kind: "text" } });
  expect(published.json.done).toBe(`published to work as ${CLIENT}`);
  const message = published.json.item;
  const delivery = await api.item(`subscription work ${message}`, "done");
  expect(delivery).toMatchObject({ kind: "delivery", parent: message, attempts: 1 });
  expect(delivery.ancestors.map(({ kind }: { kind: string }) => kind)).toEqual(["request", "message"]);
  const found = await api.get(`/items?q=${encodeURIComponent('"name":"published"')}`);
  expect(found.json.items.map(({ id }: { id: string }) => id)).toContain(delivery.id);
  expect((await api.get("/state")).json.boxes["google_pubsub_subscription.kept"]?.backlog ?? 1).toBe(1);
});

test("a file is uploaded, browsed, shown as text and saved as an attachment", async () => {
  const content = Buffer.from("<img src=x onerror=alert(1)>").toString("base64");
  const uploaded = await api.act("upload", {
    bucket: "acme-ml-out",
    name: "a/b c.html",
    content,
    contentType: "text/html",
  });
  expect(uploaded.status).toBe(200);
  const top = await api.get("/buckets/acme-ml-out?prefix=");
  expect(top.json.folders).toContain("a/");
  const folder = await api.get("/buckets/acme-ml-out?prefix=a/");
  expect(folder.json.objects).toMatchObject([{ name: "a/b c.html", contentType: "text/html", size: 28 }]);
  const path = `/buckets/acme-ml-out/objects/${encodeURIComponent("a/b c.html")}`;
  expect((await api.get(path)).json.content).toMatchObject({ type: "text", text: "<img src=x onerror=alert(1)>" });
  const saved = await api.get(`${path}?download=true`);
  expect(saved.headers).toMatchObject({
    "content-type": "application/octet-stream",
    "content-disposition": "attachment; filename*=UTF-8''b%20c.html",
    "x-content-type-options": "nosniff",
  });
  expect((await api.get("/buckets/nope")).json.error).toEqual({
    code: "not-found",
    message: "There is no bucket nope",
  });
});

test("a killed instance is replaced with the next request", async () => {
  expect((await api.act("kill", { worker: "worker" })).json.done).toBe("killed an instance of worker");
  const reply = await api.until(
    () => api.act("call", { worker: "worker", body: { name: "after" } }),
    ({ json }) => json.status === 200,
  );
  expect(reply.json.status).toBe(200);
});

test("a resource: configuration from the JSON, state, last items, logs and bindings on it", async () => {
  await api.item(await enqueue(running, "seen"), "done");
  const { json } = await api.get(`/resources/${FUNCTION}`);
  expect(json).toMatchObject({
    address: FUNCTION,
    box: FUNCTION,
    attributes: { name: "worker" },
    state: { underWay: 0 },
    bindings: [{ address: "google_cloud_run_v2_service_iam_member.caller", withheld: false }],
  });
  expect(json.items[0].id).toBe(task("seen"));
  expect(json.logs[0].message).toBe("plain seen");
});

test("the map has the boxes and arrows of the drawing, and counts what passes", async () => {
  const { json } = await api.get("");
  const boxes = json.map.boxes.map(({ id }: { id: string }) => id);
  expect(boxes).toEqual(
    expect.arrayContaining([FUNCTION, "google_cloud_tasks_queue.work", "google_storage_bucket.out"]),
  );
  // biome-ignore lint/suspicious/noExplicitAny: an arrow.
  const arrow = (from: string, to: string) => json.map.arrows.find((each: any) => each.from === from && each.to === to);
  const delivers = arrow("google_cloud_tasks_queue.work", FUNCTION);
  const writes = arrow(FUNCTION, "google_storage_bucket.out");
  expect([delivers.line, delivers.head]).toEqual([expect.stringMatching(/^M.+C/), expect.stringMatching(/^M.+Z$/)]);
  expect(json.current.arrows[delivers.id].count).toBeGreaterThan(0);
  expect(json.current.arrows[writes.id].count).toBeGreaterThan(0);
  expect(json.notices).toEqual(["a notice"]);
});

test("events come in batches, and a client that comes back gets what it missed", async () => {
  const seen: (readonly [number, Record<string, unknown>])[] = [];
  const stop = api.events("?stack=small", (id, events) => seen.push(...events.map((event) => [id, event] as const)));
  await api.item(await enqueue(running, "streamed"), "done");
  const isDone = ([, { item }]: (typeof seen)[number]) =>
    (item as { id: string })?.id === task("streamed") && (item as { state: string }).state === "done";
  await api.until(async () => seen.some(isDone), Boolean);
  stop();
  const kinds = new Set(seen.map(([, { kind }]) => kind));
  expect([...kinds]).toEqual(expect.arrayContaining(["call", "hop", "log", "item"]));
  expect(seen.every(([, { stack: name }]) => name === "small")).toBe(true);

  const missed: Record<string, unknown>[] = [];
  const again = api.events("", (_, events) => missed.push(...events), 0);
  await api.until(async () => missed.some((event) => isDone([0, event])), Boolean);
  again();

  const gaps: Record<string, unknown>[] = [];
  const old = api.events("", (_, events) => gaps.push(...events), 1e12);
  await api.until(async () => gaps.length > 0, Boolean);
  old();
  expect(gaps[0]).toEqual({ stack: "", kind: "gap" });
});

test("what the stack or the console refuses says what was given and what is allowed", async () => {
  const errors = [
    await api.act("nope"),
    await api.act("pause", { queue: "nope" }),
    await api.act("pause", {}),
    await api.act("pause", { queue: "work", more: 1 }),
    await api.act("fail", { worker: "worker", count: -1 }),
    await api.act("upload", { bucket: "acme-ml-out", name: "n", content: "not base64!" }),
    await api.act("submit"),
    await api.act("redrive"),
    await api.act("replay", { call: 999_999 }),
    await api.get("/calls/x"),
    await api.get("/items?state=nope"),
    await api.get("/nope"),
    await api.send("GET", "/api/stacks/other"),
    await api.send("POST", "/api/stacks/small/state", { body: "{}" }),
    await api.send("POST", "/api/stacks/small/actions/jump", { body: "{" }),
    await api.send("POST", "/api/stacks/small/actions/jump", { headers: { "content-type": "text/plain" }, body: "{}" }),
  ].map(({ status, json: { error } }) => [status, error.code, error.message]);
  expect(errors).toEqual([
    [404, "not-found", expect.stringMatching(/^There is no action nope; allowed: submit, upload/)],
    [404, "not-found", "There is no queue nope"],
    [400, "invalid", "queue is missing; allowed: a text"],
    [400, "invalid", "Given more; allowed: queue"],
    [400, "invalid", "count: given -1; allowed: 0 to 1000000"],
    [400, "invalid", "content: allowed: bytes in base64"],
    [409, "refused", expect.stringContaining("of no pattern")],
    [409, "refused", "This stack has no function that puts dead letters back"],
    [404, "not-found", "There is no call 999999, or it is no longer kept"],
    [400, "invalid", expect.stringMatching(/^call: given x; allowed: 1 to/)],
    [400, "invalid", expect.stringMatching(/^state: given nope; allowed: waiting, /)],
    [404, "not-found", expect.stringContaining("docs/console.md")],
    [404, "not-found", "There is no stack other; allowed: small"],
    [405, "method-not-allowed", "Given POST; allowed: GET"],
    [400, "invalid", expect.stringMatching(/^The body is not JSON/)],
    [400, "invalid", "Allowed is the content type application/json"],
  ]);
});

describe("who may ask", () => {
  const path = "/api/stacks";
  const codeOf = ({ status, json }: { status: number; json: { error?: { code: string } } }) => [
    status,
    json?.error?.code,
  ];

  test("nobody without the token, with a wrong one, or with one in the query of the API", async () => {
    const nobody = new Api(shown.port, "");
    const wrong = new Api(shown.port, "x".repeat(shown.token.length));
    const asked = [
      await nobody.send("GET", path),
      await wrong.send("GET", path),
      await nobody.send("GET", `${path}?token=${shown.token}`),
      await nobody.send("GET", "/"),
      await nobody.send("GET", "/api/events"),
      await nobody.send("GET", `/?token=${"x".repeat(shown.token.length)}`),
    ];
    expect(asked.map(codeOf)).toEqual(Array(6).fill([401, "no-token"]));
  });

  test("the URL becomes a cookie that no script reads and no other site sends", async () => {
    const nobody = new Api(shown.port, "");
    const { pathname, search } = new URL(shown.url);
    const exchanged = await nobody.send("GET", pathname + search);
    expect([exchanged.status, exchanged.headers.location]).toEqual([303, "/"]);
    const [cookie = ""] = exchanged.headers["set-cookie"] as string[];
    expect(cookie).toBe(`console-${shown.port}=${shown.token}; HttpOnly; SameSite=Strict; Path=/`);
    const headers = { cookie: `other=1; ${cookie.split(";")[0]}` };
    expect((await nobody.send("GET", path, { headers })).status).toBe(200);
    const page = await nobody.send("GET", "/", { headers });
    expect([page.status, page.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    const policy = String(page.headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain("unsafe");
  });

  test("no page of another origin or host name, even with the token", async () => {
    const own = `http://127.0.0.1:${shown.port}`;
    const withHeaders = (headers: Record<string, string>, method = "GET") =>
      api.send(method, method === "GET" ? path : "/api/stacks/small/actions/jump", {
        headers,
        ...(method === "POST" && { body: '{"x":1}' }),
      });
    expect([
      codeOf(await withHeaders({ origin: "http://evil.example" })),
      codeOf(await withHeaders({ origin: "null" })),
      codeOf(await withHeaders({ origin: `http://127.0.0.1:${shown.port + 1}` })),
      codeOf(await withHeaders({ host: "evil.example" })),
      codeOf(await withHeaders({ host: `evil.example:${shown.port}` })),
      codeOf(await withHeaders({ "sec-fetch-site": "cross-site" }, "POST")),
      codeOf(await withHeaders({ origin: own, "sec-fetch-site": "same-origin" }, "POST")),
      codeOf(await withHeaders({ origin: own })),
      codeOf(await withHeaders({ host: `localhost:${shown.port}`, origin: `http://localhost:${shown.port}` })),
    ]).toEqual([
      [403, "foreign-origin"],
      [403, "foreign-origin"],
      [403, "foreign-origin"],
      [403, "foreign-host"],
      [403, "foreign-host"],
      [403, "foreign-origin"],
      [400, "invalid"],
      [200, undefined],
      [200, undefined],
    ]);
  });

  test("no answer allows another origin to read it", async () => {
    const { headers } = await api.send("GET", path);
    expect(Object.keys(headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
    expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
  });
});
