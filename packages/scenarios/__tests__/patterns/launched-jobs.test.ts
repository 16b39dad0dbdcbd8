import { tasksOfJobs } from "../../src/patterns/scheduled-preprocessing";

const task = (id: string, input: string, isDead = false) => ({ id, input, isDead });
const job = (name: string, input: string) => ({ name, input });

test("a job belongs to the task that launched it; jobs of one name belong to one task", () => {
  const jobs = [job("j2", "b"), job("j1", "a"), job("j1", "a")];
  expect([...tasksOfJobs([task("1", "a"), task("2", "b")], jobs)]).toEqual([
    ["j2", "2"],
    ["j1", "1"],
  ]);
});

test("among tasks with the same input, those with a dead letter come last", () => {
  const tasks = [task("1", "a", true), task("2", "a"), task("3", "a")];
  const found = tasksOfJobs(tasks, [job("x", "a"), job("y", "a")]);
  expect([...found.values()].sort()).toEqual(["2", "3"]);
  // With three jobs, one belongs to the task with the dead letter.
  expect([...tasksOfJobs(tasks, [job("x", "a"), job("y", "a"), job("z", "a")]).values()].sort()).toEqual([
    "1",
    "2",
    "3",
  ]);
});

test("a job that no task launched has no task", () => {
  const found = tasksOfJobs([task("1", "a")], [job("x", "a"), job("y", "a"), job("z", "c")]);
  expect([...found]).toEqual([["x", "1"]]);
});

test("a job in place of one whose letter was put back belongs to the same task, once for each time", () => {
  const jobs = [job("x", "a"), job("y", "a"), job("z", "a")];
  expect([...tasksOfJobs([task("1", "a")], jobs, ["x"])]).toEqual([
    ["x", "1"],
    ["y", "1"],
  ]);
  expect([...tasksOfJobs([task("1", "a")], jobs, ["x", "y"])].map(([, id]) => id)).toEqual(["1", "1", "1"]);
  expect([...tasksOfJobs([task("1", "a")], [job("x", "a"), job("y", "b")], ["x"])]).toEqual([["x", "1"]]);
});
