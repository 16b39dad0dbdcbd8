import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runStacks } from "../../scripts/run-stacks";
import { changed, synthesized } from "../support/synthesized";

const stacks = synthesized();
const outdir = mkdtempSync(join(tmpdir(), "outdir-"));
const printed: string[] = [];

beforeAll(() => {
  mkdirSync(join(outdir, "stacks"));
  jest.spyOn(console, "log").mockImplementation((text) => printed.push(text));
});

afterEach(() => {
  printed.length = 0;
  for (const name of ["async-batch", "own"]) rmSync(join(outdir, "stacks", name), { recursive: true, force: true });
});

afterAll(() => {
  jest.restoreAllMocks();
  stacks.remove();
  rmSync(outdir, { recursive: true });
});

interface DeployedFunction {
  service_config: { environment_variables: Record<string, string> };
}

function put(name: string, folder: string): void {
  cpSync(folder, join(outdir, "stacks", name), { recursive: true });
}

test("a stack without a scenario is counted as not run, not as one that passed", async () => {
  const sample = stacks.stack("async-batch");
  put("async-batch", sample);
  put(
    "own",
    changed(sample, (json) => {
      delete json.output;
      for (const { service_config } of Object.values<DeployedFunction>(json.resource.google_cloudfunctions2_function)) {
        // By this variable the submitter would still be known.
        delete service_config.environment_variables.DISPATCH_DEADLINE_SECONDS;
      }
    }),
  );
  expect(await runStacks(outdir)).toBe(true);
  expect(printed.slice(-2)).toEqual([
    "1 of 2 stacks passed. Not run: own (none of the five architectures).",
    "To use own yourself: npm run local -- own --keep",
  ]);
});

test("a stack that fails is not among those that passed", async () => {
  put(
    "async-batch",
    changed(stacks.stack("async-batch"), ({ resource }) => {
      delete resource.google_cloud_tasks_queue_iam_member;
    }),
  );
  expect(await runStacks(outdir)).toBe(false);
  expect(printed.slice(-2)).toEqual(["FAILED  async-batch", "0 of 1 stack passed."]);
});
