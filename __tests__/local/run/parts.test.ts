import { ManualClock } from "../../../local/core/clock";
import { isSimulated } from "../../../local/run/passive";
import { describe as describeSummary, logLine } from "../../../local/run/print";
import { untilQuiet } from "../../../local/run/quiet";
import { LineRecorder } from "../../../local/run/recorder";
import { isGood, summarise } from "../../../local/run/summary";

describe("the summary", () => {
  const nothing = { stack: "s", outputs: {}, hops: 3, denials: [], unsimulated: [] };

  test("each item ends in exactly one of effect and dead letter", () => {
    const summary = summarise({
      ...nothing,
      result: {
        accepted: ["done", "twice", "dead", "both", "lost"],
        effects: ["done", "twice", "twice", "both", "stranger"],
        deadLetters: ["dead", "both", "unknown"].map((key) => ({ key, reason: "r" })),
      },
    });
    expect(summary).toEqual({
      stack: "s",
      accepted: 5,
      done: 3,
      deadLettered: 1,
      lost: 1,
      // "stranger" and "unknown" were never accepted; "both" has both.
      unexpected: 3,
      repeatedEffects: 1,
      hops: 3,
      outputs: {},
      deadLetters: ["dead: r", "both: r", "unknown: r"],
      refused: [],
    });
  });

  const good = summarise({ ...nothing, result: { accepted: ["a"], effects: ["a"], deadLetters: [] } });
  test.each([
    ["all is done", {}, true],
    ["one is lost", { lost: 1 }, false],
    ["something is unexpected", { unexpected: 1 }, false],
    ["an effect is repeated", { repeatedEffects: 1 }, false],
    ["a call was refused", { refused: ["x"] }, false],
    ["it ended early", { error: "x" }, false],
    ["nothing was done", { done: 0, deadLettered: 1 }, false],
  ])("%s: good is %s", (_, change, expected) => {
    expect(isGood({ ...good, ...change })).toBe(expected);
  });

  test("people read numbers, refusals and outputs", () => {
    const text = describeSummary({
      ...good,
      deadLetters: ["a: b"],
      refused: ["x lacks y"],
      outputs: { accuracy: 0.5, first: [{ a: 1 }] },
    });
    expect(text.split("\n")).toEqual([
      "FAILED  s  accepted 1, done 1, deadLettered 0, lost 0, unexpected 0, repeatedEffects 0, hops 3",
      "  refused: x lacks y",
      "  dead letter: a: b",
      "  accuracy: 0.5",
      "  first:",
      '    {"a":1}',
    ]);
  });
});

test("a hop is one line: time, ends in short, what, attempt, status, duration", async () => {
  const clock = new ManualClock();
  const lines: string[] = [];
  const names = new Map([["worker-1-uc.a.run.app", "worker"]]);
  const recorder = new LineRecorder({ clock, write: (line) => lines.push(line), names });
  await clock.advance(1234);
  recorder.hop({
    from: "queue q",
    to: "https://worker-1-uc.a.run.app/x",
    what: "task t",
    attempt: 2,
    status: "503",
    duration: 7.6,
  });
  recorder.hop({
    from: "service-1@gcp-sa-pubsub.iam.gserviceaccount.com",
    to: "https://pubsub.googleapis.com/v1",
    what: "m",
    status: "OK",
    detail: "why",
  });
  recorder.hop({ from: "client@p.iam.gserviceaccount.com", to: "topic t", what: "m", status: "OK" });
  expect(lines).toEqual([
    "    1.234s  queue q -> worker  task t  attempt 2  503  8 ms",
    "    1.234s  gcp-sa-pubsub -> pubsub.googleapis.com  m  OK  why",
    "    1.234s  client -> topic t  m  OK",
  ]);
  expect(recorder.hops[0]).toMatchObject({ time: 1234, status: "503" });
});

test("colours where they are asked for", () => {
  const lines: string[] = [];
  const recorder = new LineRecorder({ clock: new ManualClock(), write: (line) => lines.push(line), colours: true });
  recorder.hop({ from: "a", to: "b", what: "w", status: "200" });
  recorder.hop({ from: "a", to: "b", what: "w", status: "403" });
  expect(lines[0]).toContain("\x1b[32m200\x1b[39m");
  expect(lines[1]).toContain("\x1b[31m403\x1b[39m");
});

test("of a function's log people see what went wrong, in one line", () => {
  expect(logLine("f", { severity: "INFO", message: "m" })).toBeUndefined();
  expect(logLine("f", { severity: "ERROR", message: "m\n  at x" })).toMatch(/^ +f {2}ERROR {2}m$/);
});

test.each([
  ["retry_config.max_attempts", true],
  ["labels.environment", true],
  ["http_target", true],
  ["http_target.header_overrides.header.key", false],
  ["retry", false],
  ["name2", false],
])("attribute %s: simulated is %s", (path, expected) => {
  const simulated = { t: ["name", "labels", "retry_config.max_attempts", "http_target.uri_override.host"] };
  expect(isSimulated(simulated, "t", path)).toBe(expected);
  expect(isSimulated(simulated, "constructor", path)).toBe(false);
});

describe("untilQuiet", () => {
  test("waits while something is pending, and looks twice", async () => {
    const left = [2, 1, 0, 1, 0, 0];
    let looks = 0;
    const end = await untilQuiet({ pending: () => left[looks++] ?? 0, progress: () => 0 });
    expect([end, looks]).toEqual(["quiet", 6]);
  });

  test("ends at once when something failed", async () => {
    expect(await untilQuiet({ pending: () => 1, progress: () => 0, failed: () => true })).toBe("failed");
  });

  test("is stuck when nothing happens for long, not when something does", async () => {
    expect(await untilQuiet({ pending: () => 1, progress: () => 0, patience: 50 })).toBe("stuck");
    let progress = 0;
    const pending = () => (progress < 8 ? 1 : 0);
    expect(await untilQuiet({ pending, progress: () => progress++, patience: 50 })).toBe("quiet");
  });
});
