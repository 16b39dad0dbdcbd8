import { forEachConcurrently } from "../../functions/shared/concurrency";
import { GoogleApiError } from "../../functions/shared/errors";
import { googleApi } from "../../functions/shared/google-api";
import { withRetries } from "../../functions/shared/retry";
import { FakeGoogle } from "../support/fake-google";

let google: FakeGoogle;

beforeAll(async () => {
  google = await FakeGoogle.start();
});

beforeEach(() => google.reset());
afterAll(() => google.stop());

const publish = (idempotent: boolean, signal?: AbortSignal, timeout?: number, topic = "t") =>
  google.services().google({
    method: "POST",
    url: `https://pubsub.googleapis.com/v1/projects/p/topics/${topic}:publish`,
    body: { messages: [{ data: "", attributes: {} }] },
    idempotent,
    signal,
    timeout,
  });

test("rejects with status, reason and Google's message", async () => {
  google.failNext(/publish/, { status: 403, reason: "PERMISSION_DENIED", message: "User not authorized" });
  const error = await publish(true).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(GoogleApiError);
  expect(error).toMatchObject({
    status: 403,
    reason: "PERMISSION_DENIED",
    message: "pubsub.googleapis.com/v1/projects/p/topics/t:publish answered 403 PERMISSION_DENIED: User not authorized",
  });
  expect(google.requests).toHaveLength(1);
});

test.each([429, 502, 503, 504, 408])("asks again after %i, if that is harmless", async (status) => {
  google.failNext(/publish/, { status }, { drop: true });
  expect(await publish(true)).toEqual({ messageIds: ["1"] });
  google.failNext(/publish/, { status });
  await expect(publish(false)).rejects.toMatchObject({ status });
  expect(google.requests).toHaveLength(4);
});

test.each([400, 401, 404, 409, 412, 500])("does not ask again after %i", async (status) => {
  google.failNext(/publish/, { status });
  await expect(publish(true)).rejects.toMatchObject({ status, reason: "FAULT" });
  expect(google.requests).toHaveLength(1);
});

test("gives up after its tries", async () => {
  google.failNext(/publish/, ...Array(3).fill({ drop: true }));
  await expect(publish(true)).rejects.toMatchObject({ status: 0, message: expect.stringContaining("gave no answer") });
  expect(google.requests).toHaveLength(3);
});

test("does not wait for ever", async () => {
  google.failNext(/publish/, { delay: 2_000 });
  await expect(publish(false, undefined, 20)).rejects.toMatchObject({ status: 0 });
});

test("ends when the caller has gone", async () => {
  const caller = new AbortController();
  // A topic of its own: what another test gave up on may arrive yet.
  const arrived = () => google.asked(/\/topics\/gone:/);
  google.failNext(/gone:publish/, { delay: 2_000 });
  const answer = publish(true, caller.signal, undefined, "gone");
  while (arrived().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  caller.abort();
  await expect(answer).rejects.toMatchObject({ status: 0 });
  expect(arrived()).toHaveLength(1);
});

test("makes do with an answer that is no JSON", async () => {
  const client = { request: () => Promise.reject({ response: { status: 502, data: "<html>" } }) };
  const google = googleApi(client, { tries: 1, minDelay: 1, maxDelay: 1 });
  await expect(google({ method: "GET", url: "https://x.googleapis.com/y", idempotent: true })).rejects.toMatchObject({
    status: 502,
    reason: "502",
    message: "x.googleapis.com/y answered 502 502: ",
  });
});

test.each([
  [new GoogleApiError("", 409, "ALREADY_EXISTS"), true],
  [new GoogleApiError("", 409, "409"), true],
  [new GoogleApiError("", 409, "ABORTED"), false],
  [new GoogleApiError("", 400, "ALREADY_EXISTS"), true],
  [new GoogleApiError("", 404, "NOT_FOUND"), false],
])("%#: recognises what exists already", (error, expected) => {
  expect(error.alreadyExists).toBe(expected);
});

test("waits as long as the server asks, up to the maximum", async () => {
  google.failNext(/publish/, { status: 503, headers: { "Retry-After": "7" } });
  await expect(publish(false)).rejects.toMatchObject({ retryAfter: 7_000 });
  google.failNext(/publish/, { status: 503, headers: { "Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT" } });
  await expect(publish(false)).rejects.toMatchObject({ retryAfter: 0 });

  let tries = 0;
  const fail = (retryAfter: number) => () => {
    tries++;
    return Promise.reject(new GoogleApiError("busy", 503, "UNAVAILABLE", retryAfter));
  };
  const began = performance.now();
  await expect(withRetries({ tries: 3, minDelay: 1, maxDelay: 40 }, fail(60_000))).rejects.toThrow("busy");
  expect(performance.now() - began).toBeGreaterThanOrEqual(78);
  expect(performance.now() - began).toBeLessThan(1_000);
  expect(tries).toBe(3);
});

test("does not repeat what is no answer of Google's", async () => {
  let tries = 0;
  const work = () => {
    tries++;
    return Promise.reject(new TypeError("a bug"));
  };
  await expect(withRetries({ tries: 3, minDelay: 1, maxDelay: 1 }, work)).rejects.toThrow("a bug");
  expect(tries).toBe(1);
});

test("works on a few things at a time, and begins nothing after an error", async () => {
  let running = 0;
  let most = 0;
  const done: number[] = [];
  const work = async (n: number) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running--;
    if (n === 9) throw new Error("nine");
    done.push(n);
  };
  await forEachConcurrently([1, 2, 3, 4, 5, 6, 7], 3, work);
  expect([most, done.sort()]).toEqual([3, [1, 2, 3, 4, 5, 6, 7]]);
  await expect(forEachConcurrently([9, 10, 11, 12, 13], 2, work)).rejects.toThrow("nine");
  expect(done.filter((n) => n > 10)).toEqual([]);
});
