import { knownFor } from "../../functions/shared/pipeline/known";

const step = (name: string, after: string[]) => ({ name, url: "https://x", after, deadlineSeconds: 60 });
const run = { run: "r", steps: [step("a", []), step("b", ["a"]), step("c", ["b"])], parameters: { n: 1 } };
const { steps, parameters } = run;
const long = "x".repeat(17_000);

test("a task brings along what its step would read: steps, parameters, outputs of the steps before, the element", () => {
  const outputs = { a: { table: 1 }, b: { model: 2 }, c: { own: 3 } };
  expect(knownFor({ ...run, outputs }, "c", { element: "e", count: 7 })).toEqual({
    steps,
    parameters,
    outputs: { a: { table: 1 }, b: { model: 2 } },
    element: "e",
    count: 7,
  });
});

test("what would make it large is left out, and then read: outputs, an element, all", () => {
  const outputs = { a: { list: long }, b: { model: 2 } };
  expect(knownFor({ ...run, outputs }, "c")?.outputs).toEqual({ b: { model: 2 } });
  expect(knownFor(run, "c", { element: long, count: 7 })).toEqual({ steps, parameters, outputs: {} });
  expect(knownFor({ ...run, parameters: { long } }, "c")).toBeUndefined();
});
