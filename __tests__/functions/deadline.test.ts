import { timeLeft, timeLeftForWork, withDeadline } from "../../functions/shared/deadline";
import { GoogleApiError } from "../../functions/shared/errors";
import { type AuthorizedClient, type GoogleApi, googleApi } from "../../functions/shared/google-api";
import { servePost } from "../../functions/shared/http";
import { vertexPredictor } from "../../functions/shared/predictor";
import { FakeGoogle } from "../support/fake-google";
import { serve } from "../support/serve";

const POLICY = { tries: 4, minDelay: 1, maxDelay: 1 };
const ENDPOINT = "projects/p/locations/us-central1/endpoints/1";
const REAL = ["Date", "setTimeout", "setInterval", "setImmediate", "nextTick", "queueMicrotask"] as const;

// Only the clock that deadlines read stands still, until a test turns it.
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: [...REAL] });
});
afterEach(() => jest.useRealTimers());
const turn = (milliseconds: number) => jest.advanceTimersByTime(milliseconds);

/** Never answers: each try takes all the time that it was given. */
function hanging(): { google: GoogleApi; timeouts: number[] } {
  const timeouts: number[] = [];
  const request: AuthorizedClient["request"] = ({ timeout }) => {
    timeouts.push(timeout);
    turn(timeout);
    return Promise.reject(Object.assign(new Error("The operation was aborted"), { code: 23 }));
  };
  return { google: googleApi({ request }, POLICY), timeouts };
}

const read = (google: GoogleApi) =>
  google({ method: "GET", url: "https://storage.googleapis.com/storage/v1/b/x", idempotent: true });

test.each([10, 60, 300, 1800])("a prediction may take nearly as long as a function of %i s", async (seconds) => {
  const { google, timeouts } = hanging();
  const predicting = withDeadline(seconds, () => vertexPredictor(google, ENDPOINT, 32).predict([1]));
  await expect(predicting).rejects.toMatchObject({ status: 0 });
  expect(timeouts).toHaveLength(1);
  expect(timeouts[0]).toBeGreaterThanOrEqual(seconds * 1_000 * 0.9 - 1);
  expect(timeouts[0]).toBeLessThan(seconds * 1_000);
});

test.each([1, 10, 45, 60, 100])("calls that hang end before a function of %i s does", async (seconds) => {
  const { google, timeouts } = hanging();
  await expect(withDeadline(seconds, () => read(google))).rejects.toBeInstanceOf(GoogleApiError);
  expect(timeouts.reduce((sum, timeout) => sum + timeout, 0)).toBeLessThan(seconds * 1_000);
});

test("after a timeout there is one more try, however many are allowed", async () => {
  const { google, timeouts } = hanging();
  await expect(withDeadline(3_600, () => read(google))).rejects.toMatchObject({ status: 0, reason: "TIMED_OUT" });
  expect(timeouts).toEqual([30_000, 30_000]);
});

test("nothing is asked once the time is up", async () => {
  const { google, timeouts } = hanging();
  const late = withDeadline(60, () => {
    turn(60_000);
    return read(google);
  });
  await expect(late).rejects.toMatchObject({
    status: 0,
    reason: "DEADLINE_EXCEEDED",
    message: "storage.googleapis.com/storage/v1/b/x gave no answer: the function's time is up",
  });
  expect(timeouts).toEqual([]);
});

test("what is left for work leaves room for its result, and for the answer", () => {
  withDeadline(60, () => {
    expect([timeLeft(), timeLeftForWork()]).toEqual([59_000, 54_200]);
    turn(1_000);
    expect([timeLeft(), timeLeftForWork()]).toEqual([58_000, 53_200]);
  });
  expect([timeLeft(), timeLeftForWork()]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
});

test("a function answers before its own timeout though Google does not", async () => {
  jest.useRealTimers();
  const fake = await FakeGoogle.start();
  const services = fake.services("slow", 1);
  fake.failNext(/storage/, { delay: 5_000 }, { delay: 5_000 });
  const server = await serve(
    servePost(services, async () => {
      await read(services.google);
      return { status: 200 };
    }),
  );
  expect((await server.post({})).status).toBe(500);
  expect(fake.log.at(-1)?.message).toContain("gave no answer");
  await server.stop();
  await fake.stop();
});
