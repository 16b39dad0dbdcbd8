import * as v from "valibot";
import { PermanentError } from "../../functions/shared/errors";
import { type TaskContext, type TaskHandlerOptions, taskHandler } from "../../functions/shared/task-handler";
import { queueTime } from "../../functions/shared/task-time";
import { FakeGoogle } from "../support/fake-google";
import { type Served, serve } from "../support/serve";

const schema = v.object({ n: v.number() });
const withDeadLetter = { MAX_ATTEMPTS: 2, DEAD_LETTER_TOPIC: "projects/my-project/topics/dead" };
let google: FakeGoogle;
let served: Served | undefined;

beforeAll(async () => {
  google = await FakeGoogle.start();
});

beforeEach(() => google.reset());
afterEach(() => served?.stop());
afterAll(() => google.stop());

async function open(options: Partial<TaskHandlerOptions<typeof schema>> = {}): Promise<Served> {
  served = await serve(
    taskHandler({
      environment: withDeadLetter,
      services: google.services("tasker"),
      schema,
      handle: async () => undefined,
      ...options,
    }),
  );
  return served;
}

test("tells the handler which task it is, and which attempt", async () => {
  const seen: Omit<TaskContext, "log" | "signal">[] = [];
  const server = await open({
    handle: async (payload, { log, signal, ...context }) => {
      log.info("working");
      seen.push({ ...payload, ...context } as never);
      return { aborted: signal.aborted };
    },
  });
  expect((await server.task({ n: 1 }, { id: "t-1", retries: 1 })).body).toEqual({ aborted: false });
  await server.post({ n: 2 });
  expect(seen).toEqual([
    { n: 1, id: "t-1", queue: "my-queue", attempt: 2, time: expect.any(Number) },
    { n: 2, id: expect.stringMatching(/^[0-9a-f-]{36}$/), attempt: 1, time: expect.any(Number) },
  ]);
  expect(google.log[0]).toEqual({
    severity: "INFO",
    message: "working",
    component: "tasker",
    task: "t-1",
    queue: "my-queue",
    attempt: 2,
  });
});

describe("a task that was put back", () => {
  const headers = {
    "X-CloudTasks-QueueName": "my-queue",
    "X-CloudTasks-TaskName": "0123456789abcdef-redrive-2-t-1",
    "X-CloudTasks-TaskRetryCount": "0",
    "X-Redrive-Task": "t-1",
    "X-Redrive-Count": "2",
  };

  test("has the name that it had at first, and attempts of its own", async () => {
    const seen: Partial<TaskContext>[] = [];
    const server = await open({
      handle: async (_payload, { id, attempt, redrives }) => {
        seen.push({ id, attempt, redrives });
        return undefined;
      },
    });
    expect((await server.post({ n: 1 }, headers)).status).toBe(200);
    expect(seen).toEqual([{ id: "t-1", attempt: 1, redrives: 2 }]);
  });

  test("comes back to the dead letter with its count and its service", async () => {
    const services = { ...google.services("tasker"), service: "tasker-prod" };
    const server = await open({ services });
    await server.post("no json", headers);
    expect(google.published[0]?.attributes).toMatchObject({
      deadLetterTask: "t-1",
      deadLetterService: "tasker-prod",
      deadLetterRedrives: "2",
      deadLetterAttempts: "1",
    });
  });

  test("keeps its own name where the header is no name", async () => {
    const seen: string[] = [];
    const server = await open({ handle: async (_payload, { id }) => void seen.push(id) as undefined });
    for (const first of ["../x", ""]) await server.post({ n: 1 }, { ...headers, "X-Redrive-Task": first });
    await server.post({ n: 1 }, { ...headers, "X-Redrive-Count": "many" });
    expect(seen).toEqual(Array(3).fill("0123456789abcdef-redrive-2-t-1"));
  });
});

test("answers 200 without a body when there is no result", async () => {
  const { status, text } = await (await open()).task({ n: 1 });
  expect([status, text]).toEqual([200, ""]);
});

test.each([
  ["malformed JSON", '{"n":', "malformed_json", "The body (5 bytes) is not JSON in UTF-8"],
  ["a wrong payload", '{"n":"x"}', "invalid_payload", 'The body is not valid. n: given "x"; allowed: number'],
  [
    "an oversized payload",
    `{"n":1,"x":"${"x".repeat(1024 ** 2)}"}`,
    "payload_too_large",
    "The body has 1048590 bytes; allowed: 1048576",
  ],
])("hands %s over as it came", async (_name, body, code, message) => {
  const { status, body: answer } = await (await open()).task(body);
  expect([status, answer]).toEqual([200, { deadLetter: code }]);
  expect(google.published).toHaveLength(1);
  expect(google.published[0]?.data.toString()).toBe(body);
  expect(google.published[0]?.attributes).toMatchObject({ deadLetterReason: code, deadLetterMessage: message });
});

test("half a character in what a reason quotes does not keep a task from its dead letter", async () => {
  const server = await open();
  const body = '{"n":"\\ud800"}';
  expect((await server.task(body)).body).toEqual({ deadLetter: "invalid_payload" });
  expect(google.published[0]?.data.toString()).toBe(body);
  expect(google.published[0]?.attributes.deadLetterMessage).toBe(
    'The body is not valid. n: given "\uFFFD"; allowed: number',
  );
});

test("a body that fits no Pub/Sub message is refused", async () => {
  const { status, body } = await (await open()).task("x".repeat(9_000_000));
  expect([status, body.error.code]).toEqual([413, "payload_too_large"]);
  expect(google.published).toEqual([]);
});

test("keeps the task when the dead letter cannot be published, and hands it over later", async () => {
  const server = await open();
  google.failNext(/publish/, ...Array(3).fill({ status: 503 }));
  expect((await server.task("[")).status).toBe(503);
  google.failNext(/publish/, { status: 500, reason: "INTERNAL" });
  expect((await server.task("[", { retries: 1 })).status).toBe(500);
  expect(google.published).toEqual([]);
  expect((await server.task("[", { retries: 2 })).body).toEqual({ deadLetter: "malformed_json" });
  expect(google.published).toHaveLength(1);
});

test("asks the topic again when it is busy or hangs up", async () => {
  const server = await open();
  google.failNext(/publish/, { status: 429 }, { drop: true });
  expect((await server.task("[")).status).toBe(200);
  expect(google.published).toHaveLength(1);
});

test("a reason that is too long for an attribute is cut between characters", async () => {
  const server = await open({ handle: () => Promise.reject(new PermanentError("long", "é".repeat(2000))) });
  await server.task({ n: 1 });
  const message = google.published[0]?.attributes.deadLetterMessage ?? "";
  expect(message).toMatch(/^é+…$/);
  expect(Buffer.byteLength(message)).toBeLessThanOrEqual(1024);
  expect(Buffer.byteLength(message)).toBeGreaterThan(1010);
});

test("with its attempts spent a task is handed over, whatever it would do", async () => {
  let worked = 0;
  const server = await open({
    handle: async () => {
      worked++;
      throw new Error("always");
    },
  });
  for (const retries of [0, 1]) expect((await server.task({ n: 1 }, { retries })).status).toBe(500);
  expect((await server.task({ n: 1 }, { retries: 2 })).body).toEqual({ deadLetter: "attempts_spent" });
  expect([worked, google.published.length]).toEqual([2, 1]);
});

test("waits when it cannot see whether the effect is there", async () => {
  const server = await open({ findEffect: () => Promise.reject(new Error("storage is away")) });
  expect((await server.task({ n: 1 }, { retries: 7 })).status).toBe(500);
  expect(google.published).toEqual([]);
});

// Grants take up to 7 minutes and more to work: https://cloud.google.com/iam/docs/access-change-propagation
test.each([
  [401, "UNAUTHENTICATED"],
  [403, "PERMISSION_DENIED"],
])(
  "what Google denies with %i may pass: the task stays, the queue slows down, and the log says what lacks",
  async (status, reason) => {
    const denied = (): Promise<undefined> =>
      google.services().google({ method: "GET", url: "https://storage.googleapis.com/b/x", idempotent: true });
    const server = await open({ handle: denied });
    google.failNext(/storage/, { status, reason, message: "storage.objects.get denied on x" });
    expect((await server.task({ n: 4711 })).status).toBe(503);
    expect(google.published).toEqual([]);
    expect(google.log.at(-1)).toMatchObject({
      severity: "ERROR",
      code: "denied",
      message: expect.stringMatching(
        /^Denied, but a new grant takes minutes to work: .*answered 40[13] \w+: storage\.objects\.get denied on x/,
      ),
    });
    expect(google.logLines.join()).not.toContain("4711");
  },
);

test("without a dead letter topic the queue gives up: 4xx, 5xx, no budget", async () => {
  const fail = jest.fn(async ({ n }: { n: number }): Promise<undefined> => {
    if (n === 4) throw new PermanentError("never", "It can never be", 422);
    if (n === 5) throw new Error("later");
    return undefined;
  });
  const server = await open({ environment: { MAX_ATTEMPTS: 1 }, handle: fail });
  expect((await server.task({ n: 4 })).body).toEqual({ error: { code: "never", message: "It can never be" } });
  expect((await server.task({ n: 4 })).status).toBe(422);
  expect((await server.task({ n: 5 })).status).toBe(500);
  expect((await server.task({ n: 1 }, { retries: 50 })).status).toBe(200);
  expect((await server.task("[")).status).toBe(400);
  expect(fail).toHaveBeenCalledTimes(4);
});

test("a caller that is not Cloud Tasks sees the error, and nothing is handed over", async () => {
  const server = await open({ handle: () => Promise.reject(new PermanentError("never", "It can never be")) });
  expect((await server.post({ n: 1 })).body.error.code).toBe("never");
  const named = await server.post({ n: 1 }, { "X-CloudTasks-TaskName": "t" });
  expect(named.status).toBe(400);
  const counted = await server.post({ n: 1 }, { "X-CloudTasks-TaskRetryCount": "99" });
  expect(counted.status).toBe(400);
  expect(google.published).toEqual([]);
});

test.each([
  ["a retry count that is no number", "TaskRetryCount", { retries: "many" }],
  ["a negative retry count", "TaskRetryCount", { retries: -1 }],
  ["an endless retry count", "TaskRetryCount", { retries: "9".repeat(10) }],
  ["a task name with a path", "TaskName", { id: "../x" }],
  ["a task name that is too long", "TaskName", { id: "x".repeat(501) }],
  ["a queue name with a path", "QueueName", { queue: "a/b" }],
])("refuses forged headers: %s", async (_name, header, forged) => {
  const server = await open();
  const { status, body } = await server.task({ n: 1 }, forged);
  expect([status, body.error.code]).toEqual([400, "invalid_header"]);
  expect(body.error.message).toMatch(new RegExp(`^Given X-CloudTasks-${header} "[^ ]*; allowed: `));
  expect(google.published).toEqual([]);
});

test("stops when the caller has gone", async () => {
  let began = () => {};
  const begun = new Promise<void>((resolve) => {
    began = resolve;
  });
  let saw: Promise<unknown> | undefined;
  const server = await open({
    handle: async (_payload, { signal }) => {
      saw = new Promise((resolve) => {
        signal.addEventListener("abort", () => resolve("aborted"));
      });
      began();
      await saw;
      return undefined;
    },
  });
  const caller = new AbortController();
  const call = fetch(server.url, { method: "POST", body: '{"n":1}', signal: caller.signal });
  await begun;
  caller.abort();
  await expect(call).rejects.toThrow("aborted");
  expect(await saw).toBe("aborted");
});

test.each([
  ["now, for a task that is due", 0, 0],
  ["now, for a task that waited for days in its queue", -30 * 86_400, 0],
  ["the schedule time, where the queue's clock is ahead", 3_600, 3_600],
  ["the schedule time, where it is months behind", -40 * 86_400, -40 * 86_400],
])("a task comes %s", (_name, scheduled, expected) => {
  const clock = Date.UTC(2026, 10, 26);
  const header = (clock / 1_000 + scheduled).toFixed(6);
  expect(queueTime(header, clock)).toBe(clock + expected * 1_000);
});

test.each([undefined, "", "soon", "-1", "1e9", ["1", "2"]])("a schedule time of %j is not heeded", (header) => {
  expect(queueTime(header, 5)).toBe(5);
});
