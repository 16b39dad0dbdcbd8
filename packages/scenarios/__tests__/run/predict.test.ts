import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Machine, modelFor } from "@cdktf-serverless-ml/emulator";
import { synthesized } from "../../../../__tests__/support/synthesized";
import { scenarioOf } from "../../src/patterns";
import { inputFor, runScenario } from "../../src/run/run-stack";
import { startMachine } from "../../src/run/start";
import type { Summary } from "../../src/run/summary";
import { inProcess } from "../support/in-process";

const stacks = synthesized();
const folder = mkdtempSync(join(tmpdir(), "predict-"));
const machines = new Map<string, Machine>();
afterAll(async () => {
  for (const machine of machines.values()) await machine.stop();
  stacks.remove();
  rmSync(folder, { recursive: true });
});

/** Runs a stack by the command, with files beside it. */
async function local(name: string, files: Record<string, string>, ...args: string[]) {
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);
  const all = ["--terraform", stacks.stack(name), "--quiet", "--json", ...args];
  const env = { INIT_CWD: folder, NO_COLOR: "1" };
  // Jest puts a loader of its own in the place of `import()`.
  const isLoadedByNode = args.some((arg) => /\.[cm]js$/.test(arg));
  const { status, stdout, stderr } = isLoadedByNode ? started(all, env) : await inProcess(all, env);
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  return { status, stderr, summary: (last.startsWith("{") ? JSON.parse(last) : {}) as Summary };
}

function started(args: readonly string[], env: Readonly<Record<string, string>>) {
  return spawnSync(process.execPath, ["scripts/ts.mjs", "packages/scenarios/src/cli.ts", ...args], {
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
}

const REVIEWS = '{"text":"a fine day"}\n{"text":"rain"}\n';
const MESSAGES = '{"attributes":{"modality":"text"},"payload":{"instances":[{"text":"a fine day"}]}}\n';

/** The same run in this process, on machines that stay warm. */
async function run(name: string, given?: { file: string; content: string }): Promise<Summary> {
  const machine = await (machines.get(name) ?? startMachine(stacks.stack(name)));
  machines.set(name, machine);
  const scenario = scenarioOf(machine.stack);
  if (!scenario) throw new Error(`${name} is none of the five`);
  if (given) writeFileSync(join(folder, given.file), given.content);
  const input = inputFor(scenario, given && join(folder, given.file), "samples");
  const running = machine.run({ chooseModel: modelFor(scenario.instances?.(input) ?? []) });
  try {
    return await runScenario(running, scenario, input);
  } finally {
    await running.stop();
  }
}

describe("input that is not Iris, without a model", () => {
  test.each([
    ["async-batch", "own.jsonl", REVIEWS],
    ["async-batch", "own.csv", "text,stars\na fine day,5\nrain,1\n"],
    ["event-workflow", "own.jsonl", REVIEWS],
    ["pubsub-fanout", "own.jsonl", MESSAGES],
  ])("%s, %s: comes back as it is, and the summary says so", async (name, file, content) => {
    const summary = await run(name, { file, content });
    expect(summary).toMatchObject({ verdict: "OK", deadLettered: 0 });
    expect(summary.outputs.model).toMatch(/^echo, which gives each instance back/);
    expect(JSON.stringify(summary.outputs.first)).toContain("a fine day");
  });

  test("the command does the same", async () => {
    const { status, summary } = await local("async-batch", { "own.jsonl": REVIEWS }, "--input", "own.jsonl");
    expect(summary.outputs.model).toMatch(/^echo, which gives each instance back/);
    expect(status).toBe(0);
  });
});

test("of flowers the summary names the model, and how well it does; where nothing was predicted it names none", async () => {
  const flowers = await run("async-batch");
  expect(flowers.outputs.model).toMatch(/^iris, .* fitted on 75 Iris flowers, right on 9\d/);
  const summary = await run("async-batch", { file: "bad.jsonl", content: '{"a":\n' });
  expect(summary).toMatchObject({ verdict: "FAILED", accepted: 0, outputs: { predictions: [] } });
  expect(summary.outputs).not.toHaveProperty("model");
});

describe("--predict", () => {
  const rule = "instances.map(({ text }) => ({ shouted: text.toUpperCase(), ...parameters }))";
  const refusing =
    'if (instances.some(({ text }) => text === "rain")) throw Object.assign(new Error("no rain"), { status: 400 });';

  const MODELS: readonly [string, string][] = [
    ["model.ts", `export function predict(instances: { text: string }[], parameters: object) { return ${rule}; }`],
    ["model.mjs", `export default async (instances, parameters) => ${rule};`],
    ["model.cjs", `exports.predict = (instances, parameters) => ${rule};`],
  ];
  test.each(MODELS)("%s: the model is the user's module, and the summary says whose", async (file, code) => {
    const { status, summary } = await local(
      "async-batch",
      { [file]: code, "own.jsonl": REVIEWS },
      "--input",
      "own.jsonl",
      "--predict",
      file,
    );
    expect(summary.outputs).toMatchObject({
      model: `yours, ${join(folder, file)}`,
      first: [{ prediction: { shouted: "A FINE DAY" } }, { prediction: { shouted: "RAIN" } }],
    });
    expect(status).toBe(0);
  });

  test("a record that the user's model refuses is a dead letter with the model's own reason", async () => {
    const { status, summary } = await local(
      "pubsub-fanout",
      {
        "refusing.ts": `export const predict = (instances: { text: string }[]) => { ${refusing} return instances; };`,
        "own.jsonl": MESSAGES.replace("a fine day", "rain"),
      },
      "--input",
      "own.jsonl",
      "--predict",
      "refusing.ts",
    );
    expect(summary).toMatchObject({ verdict: "PARTIAL", deadLettered: 1 });
    expect(summary.deadLetters).toEqual([expect.stringMatching(/^text\/\d+: .*INVALID_ARGUMENT: no rain/)]);
    expect(status).toBe(3);
  });

  test.each([
    ["nonsense", /^Given --predict "nonsense"; allowed: echo, iris, /],
    ["broken.ts", /^\S+broken\.ts cannot be loaded: /],
    ["empty.mjs", /^\S+empty\.mjs exports neither predict\(instances, parameters\) nor such a default\n$/],
  ])("%s: what cannot be a model is reported before anything starts", async (given, message) => {
    const files = { "broken.ts": "export const = ;", "empty.mjs": "export const other = 1;" };
    expect(await local("async-batch", files, "--predict", given)).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(message),
    });
  });
});

describe("--output", () => {
  test("keeps what the buckets hold, and not what Terraform put there", async () => {
    const { summary } = await local("async-batch", {}, "--output", "kept");
    const kept = readdirSync(join(folder, "kept"), { recursive: true, encoding: "utf8", withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(join(folder, "kept").length + 1));
    const shards = kept.filter((file) =>
      /^my-gcp-project-async-batch-output-dev\/results\/\w+\/shard-\d{5}\.jsonl$/.test(file),
    );
    expect(shards).toHaveLength(6);
    expect(kept).toHaveLength(7);
    expect(summary.outputs.kept).toBe(`7 objects in ${join(folder, "kept")}`);
    const input = join(folder, "kept", "my-gcp-project-async-batch-input-dev", "batch.jsonl");
    expect(readFileSync(input)).toEqual(readFileSync("samples/batch.jsonl"));
    // And writes over nothing.
    expect(await local("async-batch", {}, "--output", "kept")).toMatchObject({
      status: 2,
      stderr: `Given --output ${join(folder, "kept")}, which is not empty; allowed: a new or an empty folder\n`,
    });
  });
});
