import type { Hop } from "@cdktf-serverless-ml/emulator";
import { traceOf } from "../../src/faults/trace";

let time = 0;
const hop = (what: string, more: Partial<Hop> = {}): Hop & { time: number } => ({
  from: "a",
  to: "b",
  status: "OK",
  time: time++,
  what,
  ...more,
});

test("hops of one item: by its marks, then by the ids in its hops", () => {
  const mine = [
    hop("OBJECT_FINALIZE upload-1.jsonl", { detail: "message 1000" }),
    hop("message 1000", { attempt: 1, status: "503" }),
    hop("message 1000", { attempt: 2, status: "200" }),
    hop("execution 4f-a1", { detail: "of message 1000" }),
    hop("INFO entry", { detail: "execution 4f-a1" }),
  ];
  const others = [
    hop("OBJECT_FINALIZE upload-10.jsonl", { detail: "message 10001" }),
    hop("message 10001"),
    hop("OBJECT_FINALIZE upload-1.jsonl-copy"),
    hop("execution 4f-a12"),
  ];
  expect(traceOf([...others, ...mine], ["upload-1.jsonl"])).toEqual(mine);
});

test("nothing of a word before or behind: task j-1 is neither j-10 nor j-1-2", () => {
  const mine = hop("task j-1");
  expect(traceOf([hop("task j-10"), mine, hop("task j-1-2"), hop("task xj-1")], ["j-1"])).toEqual([mine]);
});

test("what says in what time it was executed does not lead to all executions", () => {
  const mine = hop("execution of 2026-01-01T00:00:00Z", { detail: "task t1" });
  const created = hop("task t1");
  const other = hop("execution of 2026-01-01T00:00:01Z");
  expect(traceOf([mine, other, created], ["t1"])).toEqual([mine, created]);
});

test("links lead from an item to its dead letter", () => {
  const letter = hop("message 77", { status: "LOST", detail: "The topic has no subscription" });
  const task = hop("task t1", { status: "200" });
  const hops = [task, letter, hop("message 78", { status: "LOST" })];
  expect(
    traceOf(
      hops,
      ["t1"],
      [
        ["task t1", "message 77"],
        ["task t2", "message 78"],
      ],
    ),
  ).toEqual([task, letter]);
});

test("marks are texts, not patterns", () => {
  const mine = hop("write a.b(c)/1.json");
  expect(traceOf([mine, hop("write aXb(c)/1.json")], ["a.b(c)/1.json"])).toEqual([mine]);
});
