import { tasksOfJobs } from "../../src/patterns/scheduled-preprocessing";

const task = (id: string, input: string, isDead = false) => ({ id, input, isDead });
const job = (name: string, input: string) => ({ name, input });

test("a job is the task's that asked for it; jobs of one name are one task's", () => {
  const jobs = [job("j2", "b"), job("j1", "a"), job("j1", "a")];
  expect([...tasksOfJobs([task("1", "a"), task("2", "b")], jobs)]).toEqual([
    ["j2", "2"],
    ["j1", "1"],
  ]);
});

test("among tasks that ask for the same, those that were handed over come last", () => {
  const tasks = [task("1", "a", true), task("2", "a"), task("3", "a")];
  const found = tasksOfJobs(tasks, [job("x", "a"), job("y", "a")]);
  expect([...found.values()].sort()).toEqual(["2", "3"]);
  // One of three jobs has to be that of the task that was handed over, too.
  expect([...tasksOfJobs(tasks, [job("x", "a"), job("y", "a"), job("z", "a")]).values()].sort()).toEqual([
    "1",
    "2",
    "3",
  ]);
});

test("a job that nobody asked for is nobody's", () => {
  const found = tasksOfJobs([task("1", "a")], [job("x", "a"), job("y", "a"), job("z", "c")]);
  expect([...found]).toEqual([["x", "1"]]);
});
