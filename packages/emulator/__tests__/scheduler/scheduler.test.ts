import type { EvaluatedResource } from "../../src/core/emulator";
import { cloudScheduler } from "../../src/scheduler";
import { Cron } from "../../src/scheduler/cron";
import { FakeContext, rest } from "../support/fake-context";

const JOB = "projects/p/locations/us-central1/jobs/nightly";
const API = "https://cloudscheduler.googleapis.com/v1";
const uri = "https://cloudtasks.googleapis.com/v2/projects/p/locations/us-central1/queues/q/tasks";
const body = Buffer.from('{"task":{}}').toString("base64");

const job = (attributes: object = {}): EvaluatedResource => ({
  address: "google_cloud_scheduler_job.nightly",
  type: "google_cloud_scheduler_job",
  attributes: {
    name: "nightly",
    project: "p",
    region: "us-central1",
    schedule: "0 3 * * *",
    http_target: { uri, http_method: "POST", body },
    ...attributes,
  },
});

function start(attributes: object = {}) {
  const around = new FakeContext();
  return { around, scheduler: cloudScheduler.create(around, [job(attributes)]) };
}

const retry_config = { retry_count: 3, min_backoff_duration: "10s", max_backoff_duration: "30s", max_doublings: 5 };

describe("firing", () => {
  test("sends the target's request with the headers of Cloud Scheduler", async () => {
    const { around, scheduler } = start();
    const execution = scheduler.fireNow("nightly");
    expect(scheduler.pending()).toBe(1);
    expect(await execution).toEqual({ status: 200, attempts: 1, succeeded: true });
    expect(scheduler.pending()).toBe(0);
    expect(around.invocations).toEqual([
      {
        at: expect.any(Number),
        url: uri,
        method: "POST",
        deadline: 180_000,
        body: Buffer.from('{"task":{}}'),
        headers: {
          "Content-Type": "application/octet-stream",
          "User-Agent": "Google-Cloud-Scheduler",
          "X-CloudScheduler": "true",
          "X-CloudScheduler-JobName": "nightly",
          "X-CloudScheduler-ScheduleTime": "2026-01-01T00:00:00Z",
        },
      },
    ]);
    expect(around.hops).toMatchObject([{ from: "schedule nightly", to: uri, attempt: 1, status: "200" }]);
  });

  test("tells the target the time as of which it fires", async () => {
    const { around, scheduler } = start({ attempt_deadline: "60s" });
    await scheduler.fireAsOf(JOB, Date.UTC(2026, 1, 28, 3));
    expect(around.invocations[0]).toMatchObject({
      deadline: 60_000,
      headers: { "X-CloudScheduler-ScheduleTime": "2026-02-28T03:00:00Z" },
    });
  });

  test("carries the token in place of an Authorization header, and the given Content-Type", async () => {
    const headers = { "content-type": "application/json", AUTHORIZATION: "mine", "User-Agent": "mine" };
    const carried = async (token: object) => {
      const { around, scheduler } = start({ http_target: [{ uri, body, headers, ...token }] });
      await scheduler.fireNow("nightly");
      return around.invocations[0]?.headers;
    };
    const service_account_email = "caller@p";
    const oauth = await carried({ oauth_token: { service_account_email } });
    expect(oauth).toMatchObject({ Authorization: "Bearer access:caller@p", "User-Agent": "Google-Cloud-Scheduler" });
    expect(Object.keys(oauth ?? {})).not.toContain("AUTHORIZATION");
    expect(Object.keys(oauth ?? {})).not.toContain("Content-Type");
    expect(await carried({ oidc_token: { service_account_email, audience: "https://aud" } })).toMatchObject({
      Authorization: "Bearer id:caller@p:https://aud",
    });
    expect(await carried({ oidc_token: { service_account_email } })).toMatchObject({
      Authorization: `Bearer id:caller@p:${uri}`,
    });
  });

  test("tries again as often and after such waits as configured", async () => {
    const { around, scheduler } = start({ retry_config });
    around.answer = (_, index) => [500, "deadline" as const, "connection" as const, 404][index] ?? 200;
    const execution = scheduler.fireNow("nightly");
    await around.clock.advance(3_600_000);
    expect(await execution).toEqual({ status: 404, attempts: 4, succeeded: false });
    expect(around.seconds()).toEqual([0, 10, 30, 60]);
    expect(around.hops.map(({ status }) => status)).toEqual(["500", "DEADLINE_EXCEEDED", "UNAVAILABLE", "404"]);
  });

  test("does not try again by default", async () => {
    const { around, scheduler } = start();
    around.answer = () => 503;
    expect(await scheduler.fireNow("nightly")).toEqual({ status: 503, attempts: 1, succeeded: false });
  });

  test("goes on until both limits are reached where there is a retry duration", async () => {
    const { around, scheduler } = start({
      retry_config: { ...retry_config, retry_count: 1, max_retry_duration: "60s" },
    });
    around.answer = () => 500;
    void scheduler.fireNow("nightly");
    await around.clock.advance(3_600_000);
    expect(around.seconds()).toEqual([0, 10, 30, 60]);
  });

  test("ends what is under way when it is stopped", async () => {
    const { around, scheduler } = start({ retry_config });
    around.answer = () => 500;
    const execution = scheduler.fireNow("nightly");
    await around.clock.advance(0);
    scheduler.stop();
    expect(await execution).toMatchObject({ status: 500, succeeded: false });
    await around.clock.advance(3_600_000);
    expect(around.invocations).toHaveLength(1);
    expect(scheduler.pending()).toBe(0);
  });

  test("refuses an unknown job", async () => {
    await expect(start().scheduler.fireNow("weekly")).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: "Job not found.",
    });
  });
});

describe("ticking", () => {
  const DAY = 86_400_000;

  test("fires nothing by itself until it ticks, and nothing that is paused", async () => {
    const { around, scheduler } = start();
    await around.clock.advance(2 * DAY);
    expect(around.invocations).toHaveLength(0);
    scheduler.startTicking();
    await around.clock.advance(2 * DAY);
    expect(around.invocations.map(({ headers }) => headers["X-CloudScheduler-ScheduleTime"])).toEqual([
      "2026-01-03T03:00:00Z",
      "2026-01-04T03:00:00Z",
    ]);
    scheduler.stop();
    await around.clock.advance(2 * DAY);
    expect(around.invocations).toHaveLength(2);

    const paused = start({ paused: true });
    paused.scheduler.startTicking();
    await paused.around.clock.advance(2 * DAY);
    expect(paused.around.invocations).toHaveLength(0);
  });

  test("stops trying again when the next execution is due", async () => {
    const { around, scheduler } = start({ schedule: "* * * * *", retry_config: { ...retry_config, retry_count: 5 } });
    around.answer = () => 500;
    scheduler.startTicking();
    await around.clock.advance(120_000);
    const minute = "2026-01-01T00:01:00Z";
    const first = around.invocations.filter(({ headers }) => headers["X-CloudScheduler-ScheduleTime"] === minute);
    expect(first.map(({ at }) => (at - Date.parse(minute)) / 1000)).toEqual([0, 10, 30]);
  });

  test("never has two executions of a job out: the next one waits", async () => {
    const { around, scheduler } = start({ schedule: "* * * * *" });
    around.answer = () => new Promise((resolve) => around.clock.at(around.clock.now() + 90_000, () => resolve(200)));
    scheduler.startTicking();
    await around.clock.advance(300_000);
    scheduler.stop();
    await around.clock.advance(300_000);
    expect(around.seconds()).toEqual([0, 90, 180]);
    expect(around.invocations.map(({ headers }) => headers["X-CloudScheduler-ScheduleTime"])).toEqual([
      "2026-01-01T00:01:00Z",
      "2026-01-01T00:02:00Z",
      "2026-01-01T00:03:00Z",
    ]);
  });
});

describe("schedules", () => {
  const next = (schedule: string, timeZone: string, after: string, times: number) => {
    const cron = new Cron(schedule, timeZone);
    const found: string[] = [];
    for (let time = cron.next(Date.parse(after)); found.length < times; time = cron.next(time)) {
      found.push(new Date(time).toISOString());
    }
    return found;
  };

  test("are read in their time zone, through the change of the clocks", () => {
    expect(next("30 3 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3)).toEqual([
      "2026-03-28T02:30:00.000Z",
      "2026-03-29T01:30:00.000Z",
      "2026-03-30T01:30:00.000Z",
    ]);
  });

  test("take names, lists, ranges and steps", () => {
    expect(next("*/30 9-10 * JAN,FEB MON-FRI", "utc", "2026-01-02T09:10:00Z", 4)).toEqual([
      "2026-01-02T09:30:00.000Z",
      "2026-01-02T10:00:00.000Z",
      "2026-01-02T10:30:00.000Z",
      "2026-01-05T09:00:00.000Z",
    ]);
  });

  test.each([
    ["every 24 hours", "utc", 'schedule is "every 24 hours"; simulated: unix-cron of five fields, like 0 3 * * *'],
    ["0 0 3 * * *", "utc", 'schedule is "0 0 3 * * *"; simulated: unix-cron of five fields, like 0 3 * * *'],
    ["0 3 L * *", "utc", 'schedule is "0 3 L * *"; simulated: unix-cron of five fields, like 0 3 * * *'],
    ["99 3 * * *", "utc", 'schedule is "99 3 * * *"; simulated: unix-cron of five fields, like 0 3 * * *'],
    ["0 3 * * *", "Mars/Olympus", 'time_zone is "Mars/Olympus"; allowed: a name of the tz database'],
  ])("refuse %s in %s", (schedule, timeZone, message) => {
    expect(() => new Cron(schedule, timeZone)).toThrow(message);
  });
});

describe("the API", () => {
  test("runs a job for who may, and answers at once", async () => {
    const { around, scheduler } = start();
    expect(await rest(scheduler, "POST", `${API}/${JOB}:run`, { body: {} })).toMatchObject({
      status: 200,
      body: { name: JOB },
    });
    await around.clock.advance(0);
    expect(around.invocations).toHaveLength(1);
    around.denied.add("caller@p cloudscheduler.jobs.run projects/p");
    await expect(rest(scheduler, "POST", `${API}/${JOB}:run`)).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: "caller@p lacks cloudscheduler.jobs.run on projects/p",
    });
    expect(around.invocations).toHaveLength(1);
  });

  test("shows jobs with Google's defaults, and lists them", async () => {
    const { scheduler } = start();
    const { body: shown } = await rest(scheduler, "GET", `${API}/${JOB}`);
    expect(shown).toEqual({
      name: JOB,
      schedule: "0 3 * * *",
      timeZone: "Etc/UTC",
      state: "ENABLED",
      scheduleTime: "2026-01-01T03:00:00Z",
      attemptDeadline: "180s",
      httpTarget: { uri, httpMethod: "POST", headers: { "Content-Type": "application/octet-stream" }, body },
      retryConfig: {
        retryCount: 0,
        maxRetryDuration: "0s",
        minBackoffDuration: "5s",
        maxBackoffDuration: "3600s",
        maxDoublings: 5,
      },
    });
    const parent = "projects/p/locations/us-central1";
    expect((await rest(scheduler, "GET", `${API}/${parent}/jobs`)).body).toEqual({ jobs: [shown] });
  });

  test("refuses by name what is not simulated", async () => {
    await expect(rest(start().scheduler, "POST", `${API}/${JOB}:pause`)).rejects.toMatchObject({
      code: "UNIMPLEMENTED",
      message: "cloudscheduler.googleapis.com: PauseJob is not simulated here",
    });
  });
});

test("refuses at load what it cannot simulate, with all reasons", () => {
  const at = "google_cloud_scheduler_job.nightly: ";
  const load =
    (...jobs: object[]) =>
    () =>
      cloudScheduler.create(new FakeContext(), jobs.map(job));
  expect(
    load(
      { http_target: undefined },
      { retry_config: { retry_count: 6 } },
      { attempt_deadline: "10s" },
      { http_target: { uri, http_method: "GET", body } },
      {
        http_target: {
          uri,
          oauth_token: { service_account_email: "a@p", scope: "https://www.googleapis.com/auth/pubsub" },
        },
      },
      { http_target: { uri: "worker" } },
    ),
  ).toThrow(
    [
      `${at}only jobs with an http_target are simulated`,
      `${at}retry_count is 6; allowed: 0 to 5`,
      `${at}attempt_deadline is out of range; allowed: 15s to 1800s`,
      `${at}a body is allowed only with POST, PUT or PATCH; http_method is GET`,
      `${at}scope "https://www.googleapis.com/auth/pubsub" is not simulated; simulated: https://www.googleapis.com/auth/cloud-platform`,
      `${at}uri is "worker"; allowed: http:// or https://`,
    ].join("\n"),
  );
});
