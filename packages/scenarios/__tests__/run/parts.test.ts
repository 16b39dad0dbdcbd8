import { ManualClock } from "../../../emulator/src/core/clock";
import { EventStream } from "../../../emulator/src/core/event-stream";
import { isSimulated } from "../../../emulator/src/machine/passive";
import { LineRecorder } from "../../../emulator/src/machine/recorder";
import { logLine } from "../../../emulator/src/machine/terminal";
import { waitUntilIdle } from "../../../emulator/src/machine/wait-until-idle";
import { describe as describeSummary } from "../../src/run/print";
import { exitCodeOf, isGood, summarise, type Verdict } from "../../src/run/summary";
import type { ScenarioResult } from "../../src/shared/scenario";

describe("the summary", () => {
  const nothing = { stack: "s", outputs: {}, hops: 3, denials: [], unsimulated: [] };

  test("each item ends in exactly one of effect, dead letter, and not reached", () => {
    const summary = summarise({
      ...nothing,
      result: {
        accepted: ["done", "twice", "dead", "both", "lost", "after", "after but done"],
        effects: ["done", "twice", "twice", "both", "stranger", "after but done"],
        deadLetters: ["dead", "both", "unknown"].map((key) => ({ key, reason: "r" })),
        notReached: ["after", "after", "after but done"],
        partial: [{ key: "done", reason: "record 3" }],
      },
    });
    expect(summary).toEqual({
      stack: "s",
      verdict: "FAILED",
      accepted: 7,
      done: 4,
      partial: 1,
      deadLettered: 1,
      notReached: 1,
      lost: 1,
      // "stranger" and "unknown" were never accepted; "both" and "after but done" ended in two
      // ways.
      unexpected: 4,
      repeatedEffects: 1,
      hops: 3,
      outputs: {},
      deadLetters: ["dead: r", "both: r", "unknown: r"],
      failedRecords: ["done: record 3"],
      refused: [],
      skipped: 0,
      missing: [],
    });
  });

  const reasons = (...keys: string[]) => keys.map((key) => ({ key, reason: "r" }));
  const failing = { accepted: ["a", "b"], effects: ["a"], deadLetters: reasons("b") };
  test.each<[string, ScenarioResult, Verdict, number, number]>([
    ["all is done", { accepted: ["a"], effects: ["a"], deadLetters: [] }, "OK", 0, 0],
    ["nothing came", { accepted: [], effects: [], deadLetters: [] }, "OK", 0, 0],
    ["one of two is dead-lettered", failing, "PARTIAL", 3, 0],
    [
      "records within an item failed",
      { accepted: ["a"], effects: ["a"], deadLetters: [], partial: reasons("a") },
      "PARTIAL",
      3,
      0,
    ],
    [
      "some were not reached",
      { accepted: ["a", "b"], effects: ["a"], deadLetters: [], notReached: ["b"] },
      "PARTIAL",
      3,
      0,
    ],
    ["nothing was done", { accepted: ["b"], effects: [], deadLetters: reasons("b") }, "FAILED", 1, 1],
    ["one is lost beside a dead letter", { ...failing, accepted: ["a", "b", "c"] }, "FAILED", 1, 1],
  ])(
    "the verdict and the exit code, without and with --allow-dead-letters, where %s",
    (_, result, verdict, code, allowed) => {
      const summary = summarise({ ...nothing, result });
      expect(summary.verdict).toBe(verdict);
      expect([exitCodeOf(summary), exitCodeOf(summary, true)]).toEqual([code, allowed]);
    },
  );

  test("failures that the inputs are made for take nothing from the verdict", () => {
    expect(summarise({ ...nothing, result: failing, expectsFailures: true }).verdict).toBe("OK");
    const lost = { ...failing, accepted: ["a", "b", "c"] };
    expect(summarise({ ...nothing, result: lost, expectsFailures: true }).verdict).toBe("FAILED");
  });

  test.each<[string, ScenarioResult, Verdict, number]>([
    ["some", { accepted: ["a", "b", "c"], effects: ["a"], deadLetters: [] }, "PARTIAL", 2],
    ["all", { accepted: ["a"], effects: [], deadLetters: [] }, "PARTIAL", 1],
    ["the only call", { accepted: [], effects: [], deadLetters: [] }, "PARTIAL", 0],
    ["some, and others have two effects", { accepted: ["a", "b"], effects: ["a", "a"], deadLetters: [] }, "FAILED", 1],
  ])("what a missing worker left undone is skipped, neither done nor lost: %s", (_, result, verdict, skipped) => {
    const summary = summarise({ ...nothing, result, skipped: ["ocr is a container"] });
    expect(summary).toMatchObject({ verdict, skipped, lost: 0, missing: ["ocr is a container"] });
    expect(describeSummary(summary)).toContain("\n  not run: ocr is a container");
    expect(describeSummary(summary).includes(`skipped ${skipped},`)).toBe(skipped > 0);
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
      verdict: "PARTIAL",
      partial: 1,
      notReached: 2,
      deadLetters: ["a: b"],
      failedRecords: ["c: d"],
      refused: ["x lacks y"],
      outputs: { accuracy: 0.5, first: [{ a: 1 }] },
    });
    expect(text.split("\n")).toEqual([
      "PARTIAL  s  accepted 1, done 1, partial 1, deadLettered 0, notReached 2, lost 0, unexpected 0, repeatedEffects 0, hops 3",
      "  refused: x lacks y",
      "  dead letter: a: b",
      "  failed records: c: d",
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
  const events = new EventStream(clock);
  const recorder = new LineRecorder(events, { write: (line) => lines.push(line), names });
  await clock.advance(1234);
  events.hop({
    from: "queue q",
    to: "https://worker-1-uc.a.run.app/x",
    what: "task t",
    attempt: 2,
    status: "503",
    duration: 7.6,
  });
  events.hop({
    from: "service-1@gcp-sa-pubsub.iam.gserviceaccount.com",
    to: "https://pubsub.googleapis.com/v1",
    what: "m",
    status: "OK",
    detail: "why",
  });
  events.hop({ from: "client@p.iam.gserviceaccount.com", to: "topic t", what: "m", status: "OK" });
  expect(lines).toEqual([
    "    1.234s  queue q -> worker  task t  attempt 2  503  8 ms",
    "    1.234s  gcp-sa-pubsub -> pubsub.googleapis.com  m  OK  why",
    "    1.234s  client -> topic t  m  OK",
  ]);
  expect(recorder.hops[0]).toMatchObject({ time: 1234, status: "503" });
});

test("colours where they are asked for", () => {
  const lines: string[] = [];
  const events = new EventStream(new ManualClock());
  new LineRecorder(events, { write: (line) => lines.push(line), colours: true });
  events.hop({ from: "a", to: "b", what: "w", status: "200" });
  events.hop({ from: "a", to: "b", what: "w", status: "403" });
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

describe("waitUntilIdle", () => {
  test("waits while something is pending, and looks twice", async () => {
    const left = [2, 1, 0, 1, 0, 0];
    let looks = 0;
    const end = await waitUntilIdle({ pending: () => left[looks++] ?? 0, progress: () => 0 });
    expect([end, looks]).toEqual(["idle", 6]);
  });

  test("ends at once when something failed", async () => {
    expect(await waitUntilIdle({ pending: () => 1, progress: () => 0, failed: () => true })).toBe("failed");
  });

  test("is stuck when nothing happens for long, not when something does", async () => {
    expect(await waitUntilIdle({ pending: () => 1, progress: () => 0, patience: 50 })).toBe("stuck");
    let progress = 0;
    const pending = () => (progress < 8 ? 1 : 0);
    expect(await waitUntilIdle({ pending, progress: () => progress++, patience: 50 })).toBe("idle");
    let looks = 0;
    const waiting = { pending: () => (looks++ < 8 ? 1 : 0), progress: () => 0, patience: 50 };
    expect(await waitUntilIdle({ ...waiting, working: () => true })).toBe("idle");
  });
});
