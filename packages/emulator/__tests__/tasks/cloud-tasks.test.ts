import type { EvaluatedResource } from "../../src/core/emulator";
import { cloudTasks } from "../../src/tasks";
import { FakeContext, grpc, rest } from "../support/fake-context";

const QUEUE = "projects/p/locations/us-central1/queues/q";
const URL = `https://cloudtasks.googleapis.com/v2/${QUEUE}`;
const SERVICE = "google.cloud.tasks.v2.CloudTasks";
const AGENT = "service-123@gcp-sa-cloudtasks.iam.gserviceaccount.com";

function queue(attributes: object = {}): EvaluatedResource {
  return {
    address: "google_cloud_tasks_queue.q",
    type: "google_cloud_tasks_queue",
    attributes: { name: "q", location: "us-central1", project: "p", ...attributes },
  };
}

function start(attributes: object = {}) {
  const around = new FakeContext();
  const tasks = cloudTasks.create(around, [queue(attributes)]);
  const create = (httpRequest: object = {}, task: object = {}, rest2: object = {}) =>
    rest(tasks, "POST", `${URL}/tasks`, {
      body: { task: { httpRequest: { url: "https://worker.run.app/work", ...httpRequest }, ...task }, ...rest2 },
    });
  return { around, tasks, create };
}

describe("dispatching", () => {
  test("sends what the task says, with the headers of Cloud Tasks, and forgets it when it is answered 2xx", async () => {
    const { around, tasks, create } = start();
    const name = `${QUEUE}/tasks/one`;
    const body = Buffer.from('{"n":1}').toString("base64");
    const reply = await create(
      { headers: { "Content-Type": "application/json", Host: "x", "X-Google-A": "y" }, body },
      { name },
    );
    expect(reply).toMatchObject({ status: 200, body: { name, httpRequest: { httpMethod: "POST" }, view: "BASIC" } });
    expect(tasks.pending()).toBe(1);
    await around.clock.advance(0);
    expect(tasks.pending()).toBe(0);
    const eta = (around.invocations[0]?.at ?? 0) / 1000;
    expect(around.invocations).toEqual([
      {
        at: expect.any(Number),
        url: "https://worker.run.app/work",
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          "User-Agent": "Google-Cloud-Tasks",
          "X-CloudTasks-QueueName": "q",
          "X-CloudTasks-TaskName": "one",
          "X-CloudTasks-TaskRetryCount": "0",
          "X-CloudTasks-TaskExecutionCount": "0",
          "X-CloudTasks-TaskETA": eta.toFixed(6),
        },
        body: Buffer.from('{"n":1}'),
        deadline: 600_000,
      },
    ]);
    expect(around.hops).toEqual([
      expect.objectContaining({
        from: "queue q",
        to: "https://worker.run.app/work",
        what: "task one",
        attempt: 1,
        status: "200",
      }),
    ]);
  });

  test("tells retries and answers in its headers as the real service was recorded to", async () => {
    const { around, create } = start();
    around.answer = (_, index) => [503, 404, "deadline" as const, 200][index] ?? 200;
    await create();
    await around.clock.advance(60_000);
    const told = around.invocations.map(({ headers }) => [
      headers["X-CloudTasks-TaskRetryCount"],
      headers["X-CloudTasks-TaskExecutionCount"],
      headers["X-CloudTasks-TaskPreviousResponse"],
      headers["X-CloudTasks-TaskRetryReason"],
    ]);
    expect(told).toEqual([
      ["0", "0", undefined, undefined],
      ["1", "0", "503", ""],
      ["2", "1", "404", ""],
      ["3", "1", undefined, ""],
    ]);
    expect(around.hops.map(({ status }) => status)).toEqual(["503", "404", "DEADLINE_EXCEEDED", "200"]);
  });

  test("waits as the proto's example does", async () => {
    const retry_config = { min_backoff: "10s", max_backoff: "300s", max_doublings: 3, max_attempts: 9 };
    const { around, tasks, create } = start({ retry_config });
    around.answer = () => 429;
    await create();
    await around.clock.advance(3_600_000);
    const gaps = around.seconds().map((time, index, all) => time - (all[index - 1] ?? 0));
    expect(gaps).toEqual([0, 10, 20, 40, 80, 160, 240, 300, 300]);
    expect(tasks.pending()).toBe(0);
    expect(around.hops.at(-1)).toMatchObject({ to: "nowhere", status: "DROPPED", attempt: 9 });
  });

  test("gives up only when both the attempts and the retry duration are spent", async () => {
    const retry_config = { min_backoff: "10s", max_backoff: "10s", max_attempts: 2, max_retry_duration: "35s" };
    const { around, create } = start({ retry_config });
    around.answer = () => 500;
    await create();
    await around.clock.advance(3_600_000);
    expect(around.seconds()).toEqual([0, 10, 20, 30, 40]);
  });

  test("never gives up with -1 attempts, whether the worker answers or not", async () => {
    const retry_config = { min_backoff: "1s", max_backoff: "60s", max_attempts: -1, max_retry_duration: "10s" };
    const { around, tasks, create } = start({ retry_config });
    around.answer = (_, index) => (index % 2 ? "connection" : 500);
    await create();
    await around.clock.advance(200 * 60_000);
    expect(around.invocations.length).toBeGreaterThan(200);
    expect(tasks.pending()).toBe(1);
  });

  test("dispatches what cannot be done here once, and says so", async () => {
    const { around, tasks, create } = start({ retry_config: { max_attempts: -1 } });
    around.answer = () => "skipped";
    await create({}, { name: `${QUEUE}/tasks/one` });
    await around.clock.advance(3_600_000);
    expect([around.invocations.length, tasks.pending()]).toEqual([1, 0]);
    const detail = "Its worker cannot run here; Cloud Tasks would dispatch it again";
    expect(around.hops.map(({ status }) => status)).toEqual(["503", "SKIPPED"]);
    expect(around.hops.at(-1)).toMatchObject({ what: "task one", attempt: 1, detail });
  });

  test("holds the rate to the token bucket: the burst at once, then the rate", async () => {
    const { around, create } = start({
      rate_limits: { max_dispatches_per_second: 100, max_concurrent_dispatches: 5000 },
    });
    for (let count = 0; count < 520; count++) await create();
    await around.clock.advance(0);
    expect(around.invocations).toHaveLength(20);
    await around.clock.advance(1000);
    expect(around.invocations).toHaveLength(120);
    await around.clock.advance(3990);
    expect(around.invocations).toHaveLength(519);
    await around.clock.advance(10);
    expect(around.invocations).toHaveLength(520);
  });

  test("reports the burst that it keeps: a fifth of the rate, 10 at least", async () => {
    const burst = async (rate: number) => {
      const { tasks } = start({ rate_limits: { max_dispatches_per_second: rate } });
      const { body } = await rest(tasks, "GET", URL);
      return (body as { rateLimits: { maxBurstSize: number } }).rateLimits.maxBurstSize;
    };
    expect(await Promise.all([0.1, 1, 100, 500].map(burst))).toEqual([10, 10, 20, 100]);
  });

  test("dispatches no more at one time than allowed", async () => {
    const { around, create } = start({ rate_limits: { max_concurrent_dispatches: 3 } });
    const finish: (() => void)[] = [];
    around.answer = () => new Promise((resolve) => finish.push(() => resolve(200)));
    for (let count = 0; count < 10; count++) await create();
    await around.clock.advance(60_000);
    expect(around.invocations).toHaveLength(3);
    finish.shift()?.();
    await around.clock.advance(0);
    expect(around.invocations).toHaveLength(4);
  });

  test("waits for the schedule time, and dispatches in its order", async () => {
    const { around, create } = start();
    const at = (seconds: number) => new Date(around.clock.now() + seconds * 1000).toISOString();
    await create({ url: "https://a.app/late" }, { scheduleTime: at(20) });
    await create({ url: "https://a.app/early" }, { scheduleTime: at(10) });
    await create({ url: "https://a.app/past" }, { scheduleTime: at(-10) });
    await around.clock.advance(0);
    expect(around.invocations.map(({ url }) => url)).toEqual(["https://a.app/past"]);
    await around.clock.advance(60_000);
    expect(around.seconds()).toEqual([0, 10, 20]);
    expect(around.invocations.map(({ url }) => url).slice(1)).toEqual(["https://a.app/early", "https://a.app/late"]);
  });

  test("dispatches nothing after it was stopped", async () => {
    const { around, tasks, create } = start();
    around.answer = () => 500;
    await create();
    await around.clock.advance(0);
    tasks.stop();
    await create();
    await around.clock.advance(3_600_000);
    expect(around.invocations).toHaveLength(1);
  });
});

describe("the queue's target", () => {
  const http_target = {
    http_method: "PUT",
    header_overrides: [{ header: { key: "x-mode", value: "queue" } }],
    oidc_token: { service_account_email: "dispatcher@p", audience: "https://worker.run.app" },
    uri_override: {
      scheme: "HTTPS",
      host: "worker.run.app",
      path_override: { path: "/" },
      query_override: { query_params: "a=1" },
      uri_override_enforce_mode: "ALWAYS",
    },
  };

  test("overrides the task's URL, method, headers and token", async () => {
    const { around, create } = start({ http_target });
    await create({
      url: "http://overridden-by-queue.invalid:99/x?y=1",
      headers: { "X-Mode": "task", authorization: "Bearer mine" },
      oidcToken: { serviceAccountEmail: "other@p" },
    });
    await around.clock.advance(0);
    expect(around.invocations[0]).toMatchObject({ url: "https://worker.run.app:99/?a=1", method: "PUT" });
    const { headers } = around.invocations[0] ?? {};
    expect(headers).toMatchObject({
      "x-mode": "queue",
      Authorization: "Bearer id:dispatcher@p:https://worker.run.app",
    });
    expect(Object.keys(headers ?? {})).not.toContain("authorization");
    expect(Object.keys(headers ?? {})).not.toContain("X-Mode");
  });

  test("clears the port with 0, and drops the body with GET", async () => {
    const target = { http_method: "GET", uri_override: { port: 0 } };
    const { around, create } = start({ http_target: [target] });
    await create({ url: "https://w.app:8443/x", body: "YQ==" });
    await around.clock.advance(0);
    expect(around.invocations[0]).toMatchObject({ url: "https://w.app/x", method: "GET", body: Buffer.alloc(0) });
  });

  test("is refused at load where it is incomplete or not simulated, with all reasons", () => {
    const load = (...resources: EvaluatedResource[]) => cloudTasks.create(new FakeContext(), resources);
    const mode = { uri_override: { uri_override_enforce_mode: "IF_NOT_EXISTS" } };
    expect(() =>
      load(queue({ http_target: mode }), queue({ http_target: { oidc_token: { service_account_email: "a@p" } } })),
    ).toThrow(
      'google_cloud_tasks_queue.q: uri_override_enforce_mode "IF_NOT_EXISTS" is not simulated; simulated: ALWAYS\n' +
        "google_cloud_tasks_queue.q: http_target.oidc_token needs service_account_email and audience",
    );
    expect(() => load(queue({ rate_limits: { max_dispatches_per_second: 501 } }))).toThrow(
      "max_dispatches_per_second is 501; allowed: 0.001 to 500",
    );
  });
});

describe("tokens and permissions", () => {
  const oidcToken = { serviceAccountEmail: "x@p", audience: "https://aud" };
  const actAs = "iam.serviceAccounts.actAs projects/p/serviceAccounts/x@p";

  test("carries an OIDC token; the URL is the audience where none is given", async () => {
    const { around, create } = start();
    await create({ oidcToken });
    await create({ oidcToken: { serviceAccountEmail: "x@p" } });
    await create({ oauthToken: { serviceAccountEmail: "x@p" }, headers: { AUTHORIZATION: "mine" } });
    await around.clock.advance(0);
    expect(around.invocations.map(({ headers }) => headers.Authorization)).toEqual([
      "Bearer id:x@p:https://aud",
      "Bearer id:x@p:https://worker.run.app/work",
      "Bearer access:x@p",
    ]);
    expect(around.invocations[2]?.headers).not.toHaveProperty("AUTHORIZATION");
  });

  test("asks for create on the queue, and for actAs of the enqueuer and of the service agent", async () => {
    const { around, create } = start();
    await create({ oidcToken });
    await around.clock.advance(0);
    expect(around.asked).toEqual([
      `caller@p cloudtasks.tasks.create ${QUEUE}`,
      `caller@p ${actAs}`,
      `${AGENT} ${actAs}`,
    ]);
  });

  test("refuses an enqueuer who may not create, or not act as the token's account", async () => {
    const { around, tasks, create } = start();
    around.denied.add(`caller@p ${actAs}`);
    await expect(create({ oidcToken })).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: "caller@p lacks iam.serviceAccounts.actAs on projects/p/serviceAccounts/x@p",
    });
    around.denied.add(`caller@p cloudtasks.tasks.create ${QUEUE}`);
    await expect(create()).rejects.toMatchObject({ code: "PERMISSION_DENIED", http: 403, grpc: 7 });
    expect(tasks.pending()).toBe(0);
  });

  test("sends nothing where the service agent may not make the token, tells why, and tries again", async () => {
    const { around, create } = start();
    around.denied.add(`${AGENT} ${actAs}`);
    await create({ oidcToken });
    await around.clock.advance(0);
    expect(around.invocations).toHaveLength(0);
    expect(around.hops).toEqual([
      expect.objectContaining({
        status: "PERMISSION_DENIED",
        detail: `${AGENT} lacks iam.serviceAccounts.actAs on projects/p/serviceAccounts/x@p`,
      }),
    ]);
    around.denied.clear();
    await around.clock.advance(100);
    expect(around.invocations[0]?.headers["X-CloudTasks-TaskRetryCount"]).toBe("1");
  });

  test("asks for the full view before it shows a body", async () => {
    const { around, tasks, create } = start();
    const later = { name: `${QUEUE}/tasks/t`, scheduleTime: new Date(around.clock.now() + 60_000).toISOString() };
    expect((await create({ body: "YQ==" }, later, { responseView: "FULL" })).body).toMatchObject({
      httpRequest: { body: "YQ==" },
    });
    expect((await rest(tasks, "GET", `${URL}/tasks/t`)).body).not.toHaveProperty("httpRequest.body");
    around.denied.add(`caller@p cloudtasks.tasks.fullView ${QUEUE}`);
    await expect(rest(tasks, "GET", `${URL}/tasks/t?responseView=FULL`)).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
    });
    await expect(rest(tasks, "GET", `${URL}/tasks/t?responseView=2`)).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
    });
  });
});

describe("names", () => {
  const named = { name: `${QUEUE}/tasks/once` };
  const duplicate = { code: "ALREADY_EXISTS", message: "Requested entity already exists", http: 409, grpc: 6 };

  test("are taken while the task is there and for 24 hours after it ended", async () => {
    const { around, create } = start();
    await create({}, named);
    await expect(create({}, named)).rejects.toMatchObject(duplicate);
    await around.clock.advance(24 * 3_600_000 - 1);
    await expect(create({}, named)).rejects.toMatchObject(duplicate);
    await around.clock.advance(1);
    await expect(create({}, named)).resolves.toMatchObject({ status: 200 });
    await around.clock.advance(0);
    expect(around.invocations).toHaveLength(2);
  });

  test("of ended and deleted tasks differ from unknown ones", async () => {
    const { around, tasks, create } = start();
    await create({}, { ...named, scheduleTime: new Date(around.clock.now() + 1000).toISOString() });
    expect(await rest(tasks, "DELETE", `${URL}/tasks/once`)).toEqual({ status: 200, body: {} });
    await around.clock.advance(60_000);
    expect(around.invocations).toHaveLength(0);
    await expect(rest(tasks, "GET", `${URL}/tasks/once`)).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringMatching(/^The task no longer exists, though a task with this name existed recently/),
    });
    await expect(rest(tasks, "GET", `${URL}/tasks/never`)).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: "Requested entity was not found.",
    });
  });
});

describe("requests that are refused", () => {
  const { around, tasks, create } = start();
  const far = new Date(around.clock.now() + 30 * 86_400_000 + 1000).toISOString();

  test.each<[string, object, object, string]>([
    ["a URL that is missing", { url: "" }, {}, "HttpRequest.url is required."],
    ["a URL without scheme", { url: "w.app/x" }, {}, "HttpTarget.url must start with 'http://' or 'https://'."],
    ["a URL of another scheme", { url: "ftp://w.app" }, {}, "HttpTarget.url must start with 'http://' or 'https://'."],
    [
      "a URL that is too long",
      { url: `https://w.app/${"x".repeat(2083)}` },
      {},
      "HttpRequest.url must have at most 2083 characters.",
    ],
    [
      "a body with GET",
      { httpMethod: "GET", body: "YQ==" },
      {},
      "HttpRequest.body is allowed only with POST, PUT or PATCH; the method is GET.",
    ],
    [
      "a body that is no base64",
      { body: "{}" },
      {},
      "Invalid value at 'task.http_request.body': given \"{}\"; allowed: base64",
    ],
    [
      "an unknown method",
      { httpMethod: "BREW" },
      {},
      "Invalid value at 'task.http_request.http_method': given \"BREW\"; allowed: HTTP_METHOD_UNSPECIFIED, POST, GET, HEAD, PUT, DELETE, PATCH, OPTIONS",
    ],
    [
      "a task that is too large",
      { body: Buffer.alloc(1024 ** 2).toString("base64") },
      {},
      "Task size too large: 1048603 bytes; allowed: 1048576.",
    ],
    [
      "headers that are too large",
      { headers: { a: "x".repeat(80 * 1024) } },
      {},
      "HttpRequest.headers must be less than 80KB.",
    ],
    [
      "a time that is too far",
      {},
      { scheduleTime: far },
      "Task.scheduleTime must be at most 30 days (720 hours) in the future.",
    ],
    [
      "a time that is none",
      {},
      { scheduleTime: "soon" },
      "Invalid value at 'task.schedule_time': given \"soon\"; allowed: a timestamp like 2026-01-31T12:00:00Z",
    ],
    [
      "a deadline that is too short",
      {},
      { dispatchDeadline: "14.9s" },
      "Task.dispatchDeadline must be between [15s, 30m].",
    ],
    [
      "a deadline that is too long",
      {},
      { dispatchDeadline: "1801s" },
      "Task.dispatchDeadline must be between [15s, 30m].",
    ],
    [
      "a name of another queue",
      {},
      { name: `${QUEUE}-other/tasks/a` },
      `The queue name from request ('${QUEUE}') must be the same as the queue name in the named task ('${QUEUE}-other').`,
    ],
    [
      "a name with other characters",
      {},
      { name: `${QUEUE}/tasks/not a valid id` },
      'Task ID "not a valid id" can contain only letters ([A-Za-z]), numbers ([0-9]), hyphens (-), or underscores (_). Task ID must between 1 and 500 characters.',
    ],
    [
      "a field that is none",
      { uri: "x" },
      {},
      "Invalid JSON payload received. Unknown name \"uri\" at 'task.http_request': Cannot find field.",
    ],
    [
      "two tokens",
      { oidcToken: { serviceAccountEmail: "a" }, oauthToken: { serviceAccountEmail: "a" } },
      {},
      "HttpRequest has an oidcToken and an oauthToken; allowed: one of them.",
    ],
  ])("%s", async (_, httpRequest, task, message) => {
    await expect(create(httpRequest, task)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", http: 400, message });
    expect(tasks.pending()).toBe(0);
  });

  test("an unknown queue", async () => {
    const call = rest(tasks, "POST", `${URL}x/tasks`, { body: { task: { httpRequest: { url: "https://a" } } } });
    await expect(call).rejects.toMatchObject({
      code: "NOT_FOUND",
      message:
        "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize.",
    });
  });

  test("JSON that is none", async () => {
    await expect(rest(tasks, "POST", `${URL}/tasks`, { body: "{" })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/^Invalid JSON payload received\. /),
    });
  });

  test("what is not simulated, by name", async () => {
    const unimplemented = (message: string) => ({ code: "UNIMPLEMENTED", http: 501, grpc: 12, message });
    await expect(rest(tasks, "POST", `${URL}:purge`)).rejects.toMatchObject(
      unimplemented("cloudtasks.googleapis.com: PurgeQueue is not simulated here"),
    );
    await expect(grpc(tasks, SERVICE, "RunTask", { name: `${QUEUE}/tasks/a` })).rejects.toMatchObject(
      unimplemented(`${SERVICE}.RunTask is not simulated here`),
    );
    await expect(rest(tasks, "GET", "https://cloudtasks.googleapis.com/v1/x")).rejects.toMatchObject(
      unimplemented("GET https://cloudtasks.googleapis.com/v1/x is not simulated here"),
    );
    const appEngine = { task: { appEngineHttpRequest: { relativeUri: "/" } } };
    await expect(rest(tasks, "POST", `${URL}/tasks`, { body: appEngine })).rejects.toMatchObject(
      unimplemented("Task.appEngineHttpRequest is not simulated here"),
    );
  });
});

describe("over gRPC", () => {
  test("takes and gives messages as protobuf does: numbers, bytes, seconds and nanos", async () => {
    const { around, tasks } = start();
    const now = around.clock.now() / 1000;
    const request = {
      parent: QUEUE,
      responseView: 2,
      task: {
        name: "",
        httpRequest: { url: "https://a.app/", httpMethod: 3, headers: { a: "b" }, body: Buffer.alloc(0) },
        scheduleTime: { seconds: String(now + 5), nanos: 500_000_000 },
        dispatchDeadline: { seconds: 30, nanos: 0 },
      },
    };
    const reply = await grpc(tasks, SERVICE, "CreateTask", request);
    expect(reply).toMatchObject({
      name: expect.stringMatching(/\/queues\/q\/tasks\/[0-9a-f]{32}$/),
      httpRequest: { httpMethod: 3, body: Buffer.alloc(0) },
      scheduleTime: { seconds: now + 5, nanos: 500_000_000 },
      dispatchDeadline: { seconds: 30, nanos: 0 },
      view: 2,
    });
    await around.clock.advance(5500);
    expect(around.invocations[0]).toMatchObject({ method: "HEAD", deadline: 30_000 });
  });
});

describe("reading", () => {
  test("lists tasks page by page", async () => {
    const { around, tasks, create } = start();
    const scheduleTime = new Date(around.clock.now() + 60_000).toISOString();
    for (const id of ["a", "b", "c"]) await create({}, { name: `${QUEUE}/tasks/${id}`, scheduleTime });
    const ids = (body: unknown) =>
      (body as { tasks: { name: string }[] }).tasks.map(({ name }) => name.split("/").at(-1));
    const first = (await rest(tasks, "GET", `${URL}/tasks?pageSize=2`)).body as { nextPageToken: string };
    expect(ids(first)).toEqual(["a", "b"]);
    const second = (await rest(tasks, "GET", `${URL}/tasks?pageSize=2&pageToken=${first.nextPageToken}`)).body;
    expect(ids(second)).toEqual(["c"]);
    expect(second).not.toHaveProperty("nextPageToken");
  });

  test("shows the attempts of a task", async () => {
    const { around, tasks, create } = start({ retry_config: { min_backoff: "10s", max_backoff: "10s" } });
    around.answer = () => 503;
    await create({}, { name: `${QUEUE}/tasks/t` });
    await around.clock.advance(10_000);
    expect((await rest(tasks, "GET", `${URL}/tasks/t`)).body).toMatchObject({
      dispatchCount: 2,
      responseCount: 2,
      scheduleTime: "2026-01-01T00:00:20Z",
      firstAttempt: { dispatchTime: "2026-01-01T00:00:00Z" },
      lastAttempt: { dispatchTime: "2026-01-01T00:00:10Z", responseStatus: { code: 14 } },
    });
  });

  test("shows the queue with Google's defaults", async () => {
    const { tasks } = start();
    expect((await rest(tasks, "GET", URL)).body).toEqual({
      name: QUEUE,
      rateLimits: { maxDispatchesPerSecond: 500, maxBurstSize: 100, maxConcurrentDispatches: 1000 },
      retryConfig: { maxAttempts: 100, minBackoff: "0.1s", maxBackoff: "3600s", maxDoublings: 16 },
      state: "RUNNING",
    });
  });
});
