import { StepGraph } from "../../src/patterns/task-pipeline/step-graph";

/** A worker with these steps in its environment. */
function starting(steps: readonly [string, readonly string[]][]) {
  return { environment: { STEPS: JSON.stringify(steps.map(([name, after]) => ({ name, after }))) } };
}

test("a step's dependents are those that wait for it, directly or not, in whatever order they stand", () => {
  const graph = new StepGraph([
    starting([
      ["d", ["b", "c"]],
      ["b", ["a"]],
      ["c", ["a"]],
      ["a", []],
      ["e", []],
    ]),
  ]);
  expect(graph.dependentsOf("a").sort()).toEqual(["b", "c", "d"]);
  expect(graph.dependentsOf("b")).toEqual(["d"]);
  expect(graph.dependentsOf("e")).toEqual([]);
});
