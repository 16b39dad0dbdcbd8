import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { strToU8, zipSync } from "fflate";
import { deepOnly, deepTest, inDepth } from "../../../../__tests__/support/deep";
import { changed, synthesized } from "../../../../__tests__/support/synthesized";
import { type Ended, inProcess } from "../support/in-process";

const stacks = synthesized();
const stack = stacks.stack("task-pipeline");
/** It has the fewest functions to start. */
const small = stacks.stack("async-batch");
/** Only runs put their temporary folders here. */
const temporary = mkdtempSync(join(tmpdir(), "cli-"));
const settings = { TMPDIR: temporary, INIT_CWD: undefined, NO_COLOR: "1" };
const env = { ...process.env, ...settings };

afterAll(() => {
  stacks.remove();
  rmSync(temporary, { recursive: true });
});

/** In this process; other tests start the command as users do. */
const local = (args: readonly string[], cwd?: string): Promise<Ended> => inProcess(args, settings, cwd);

function started(args: readonly string[]) {
  const script = resolve("scripts/ts.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, "packages/scenarios/src/cli.ts", ...args], {
    env,
    encoding: "utf8",
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

describe("a run", () => {
  test("ends with one line of JSON and exit code 0", () => {
    const { status, stdout } = started(["--terraform", small, "--json"]);
    const summary = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
    expect(summary).toMatchObject({
      stack: "async-batch",
      verdict: "OK",
      accepted: 6,
      done: 6,
      lost: 0,
      refused: [],
    });
    expect(summary.outputs.records).toBe(60);
    expect(status).toBe(0);
    expect(stdout).toMatch(/queue async-batch-queue-dev -> async-batch-worker-dev .* attempt 1 {2}200/);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("of which a part failed ends with exit code 3 and the verdict PARTIAL; with 0 where that is allowed", async () => {
    const file = join(temporary, "mixed.jsonl");
    const message = (instance: unknown) => ({ attributes: { modality: "text" }, payload: { instances: [instance] } });
    writeFileSync(
      file,
      [message([5.1, 3.5, 1.4, 0.2]), message("no flower")].map((it) => JSON.stringify(it)).join("\n"),
    );
    const args = ["--terraform", stacks.stack("pubsub-fanout"), "--input", file, "--quiet", "--json"];
    // predict.test.ts has code 3 as well.
    for (const [more, code] of inDepth<[string[], number][]>(
      [
        [[], 3],
        [["--allow-dead-letters"], 0],
      ],
      [[["--allow-dead-letters"], 0]],
    )) {
      const { status, stdout } = await local([...args, ...more]);
      expect(status).toBe(code);
      expect(stdout).toMatch(/^PARTIAL {2}pubsub-fanout {2}accepted 6, done 5, deadLettered 1,/);
      expect(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({ verdict: "PARTIAL", partial: 0 });
    }
    rmSync(file);
  });

  test("of a pipeline gives its parameters to the steps", async () => {
    const file = join(temporary, "parameters.json");
    writeFileSync(file, '{ "maxIterations": 0 }');
    const { status, stdout } = await local(["--terraform", stack, "--parameters", file, "--quiet"]);
    expect(stdout).toMatch(/dead letter: local-1\/train: .*maxIterations/);
    expect(status).toBe(3);
    rmSync(file);
  });

  test("without a binding ends with exit code 1 and names who lacks what, where, and the remedy", async () => {
    const copy = changed(small, ({ resource }) => {
      const bindings = resource.google_cloud_tasks_queue_iam_member;
      const [id] = Object.keys(bindings).filter((name) => name.includes("enqueuer-batch-submitter"));
      delete bindings[id ?? ""];
    });
    const { status, stdout } = await local(["--terraform", copy, "--json"]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "").refused).toEqual([
      expect.stringMatching(
        /^async-batch-submitter-dev@.* lacks cloudtasks\.tasks\.create on .*\/queues\/async-batch-queue-dev\. A binding of roles\/cloudtasks\.enqueuer on .*\/queues\/async-batch-queue-dev to serviceAccount:async-batch-submitter-dev@.* would allow it\.$/,
      ),
    ]);
  });

  test("without the build identity's binding does not begin", async () => {
    const copy = changed(stack, ({ resource }) => {
      const bindings = resource.google_project_iam_member;
      for (const id of Object.keys(bindings)) if (id.includes("logWriter")) delete bindings[id];
    });
    const { status, stdout } = await local(["--terraform", copy]);
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /refused: Permission 'logging\.logEntries\.create' denied on resource 'projects\/my-gcp-project' .* task-pipeline-build-dev@/,
    );
  });
});

describe("bad input", () => {
  test("nothing synthesized yet", async () => {
    const folder = mkdtempSync(join(tmpdir(), "empty-"));
    const { status, stderr } = await local(["task-pipeline"], folder);
    rmSync(folder, { recursive: true });
    expect([status, stderr]).toEqual([2, "cdktf.out/stacks has no stacks yet. Run: npm run synth\n"]);
  });

  test("a command for a container that is not there", async () => {
    const { status, stderr } = await local(["--terraform", stack, "--run", "ocr=python3 main.py"]);
    expect([status, stderr]).toEqual([2, "Given --run ocr; allowed: nothing, as the stack runs no container\n"]);
  });

  test.each([
    [small, '{"a": 1}', "--parameters is for task pipelines; given a stack of the kind async batch"],
    [stack, "[1]", "--parameters [1] is a list"],
    [stack, "{1}", "--parameters {1} cannot be read: Expected property name"],
  ])("parameters: of %s, %s", async (folder, given, message) => {
    const { status, stderr } = await local(["--terraform", folder, "--parameters", given]);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    if (given !== '{"a": 1}') {
      expect(stderr).toContain("Allowed: an object of JSON, such as '{\"epochs\": 3}', or a file that holds one");
    }
  });

  test("a file of secrets that cannot be read: says where, never a value", async () => {
    const folder = mkdtempSync(join(tmpdir(), "secrets-"));
    const file = join(folder, "secrets.env");
    writeFileSync(file, "api-key=hush\nhush\n");
    expect(await local(["--terraform", stack, "--secrets", file])).toMatchObject({
      status: 2,
      stdout: "",
      stderr: `${file}, line 2: allowed is NAME=value\n`,
    });
    rmSync(folder, { recursive: true });
  });

  test("an unknown stack, and none: says which there are", async () => {
    const folder = mkdtempSync(join(tmpdir(), "project-"));
    mkdirSync(join(folder, "cdktf.out"));
    symlinkSync(join(stack, ".."), join(folder, "cdktf.out/stacks"));
    const all = "async-batch, event-workflow, pubsub-fanout, scheduled-preprocessing, task-pipeline";
    expect(await local(["nope"], folder)).toMatchObject({
      status: 2,
      stderr: `There is no stack nope. Stacks: ${all}\n`,
    });
    expect(await local([], folder)).toMatchObject({ status: 2, stderr: `No stack was given. Stacks: ${all}\n` });
    rmSync(folder, { recursive: true });
  });

  /** What was given, and what is said. */
  const REFUSED: readonly [string[], RegExp][] = [
    [["--frob"], /^Given --frob; allowed: --terraform, --input, .*, --help\. For help: npm run local -- --help\n$/],
    [["a", "b"], /^Given 2 stacks: a, b; allowed: one\n$/],
    [["a", "--terraform", "b"], /^<stack> and --terraform cannot be combined\n$/],
    [["--terraform", stack, "--faults", "--keep"], /^--keep and --faults cannot be combined\n$/],
    [["--terraform", stack, "--faults", "--input", "a.csv"], /^--input and --faults cannot be combined\n$/],
    [["--terraform", stack, "--faults", "--check-iam"], /^--check-iam and --faults cannot be combined\n$/],
    [
      ["--terraform", stack, "--faults", "--seed", "x"],
      /^Given --seed "x"; allowed: a whole number from 0 to 4294967295\. For help: npm run local -- --help\n$/,
    ],
    [["--terraform", stack, "--inputs", "5"], /^--inputs needs --faults\. For help: npm run local -- --help\n$/],
    [["--terraform", stack, "--propagation", "5", "--faults"], /^--faults and --propagation cannot be combined\n$/],
    [
      ["--terraform", stack, "--propagation", "0"],
      /^Given --propagation "0"; allowed: a whole number from 1 to 3600\. For help: npm run local -- --help\n$/,
    ],
    [["--terraform", "/nowhere"], /^there is no \/nowhere\/cdk\.tf\.json\n$/],
    [["--terraform", stack, "--input", "/nowhere.csv"], /^\/nowhere\.csv cannot be read: ENOENT/],
    [
      ["--terraform", stack, "--input", resolve("samples/opticks.txt")],
      /opticks\.txt: this stack takes a CSV with a header, .* or JSON Lines of rows \(\.csv, \.jsonl\)\n$/,
    ],
  ];
  test.each(REFUSED)("%j", async (args, message) => {
    expect(await local(args)).toMatchObject({ status: 2, stdout: "", stderr: expect.stringMatching(message) });
  });

  test("an input that the stack refuses ends --keep with the reason, and nothing is left running", async () => {
    const file = join(temporary, "bad.jsonl");
    writeFileSync(file, '{"a":\n');
    const args = ["--terraform", small, "--keep", "--quiet", "--input", file];
    const { status, stderr } = await local(args);
    rmSync(file);
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/^POST https:\/\/\S+ as \S+ answered 400: Line 1 of the input [^\n]*\n$/),
    ]);
    expect(commandLines()).not.toContain(temporary);
  });

  deepTest("a malformed file: line and reason", async () => {
    const file = join(temporary, "bad.csv");
    writeFileSync(file, 'a,b\n1,x\n2,"y\n');
    const { status, stdout } = await local(["--terraform", stack, "--input", file, "--quiet"]);
    rmSync(file);
    expect(status).toBe(1);
    expect(stdout).toMatch(/dead letter: local-1\/preprocess: .*(line|Line) 3/);
  });

  // packages/emulator has the others as well.
  const BROKEN: readonly [string, string, string][] = [
    ["crashes at start", 'throw new Error("no such setting")', "Error: no such setting"],
    ["does not compile", "exports.handler = (", "SyntaxError: Unexpected end of input"],
    ["exports something else", "exports.other = () => {}", "handler"],
  ];
  test.each(inDepth(BROKEN, BROKEN.slice(0, 1)))(
    "a function that %s: its log, and nothing runs",
    async (_, code, message) => {
      const zip = join(temporary, "broken.zip");
      writeFileSync(zip, zipSync({ "index.js": strToU8(code), "package.json": strToU8('{"main":"index.js"}') }));
      const copy = changed(small, ({ resource }) => {
        for (const object of Object.values<{ name: string; source: string }>(resource.google_storage_bucket_object)) {
          if (object.name.startsWith("batch-worker")) object.source = zip;
        }
      });
      const { status, stderr } = await local(["--terraform", copy]);
      rmSync(zip);
      expect(status).toBe(2);
      expect(stderr).toMatch(/^google_cloudfunctions2_function\.batch_worker_\w+ does not start: /);
      expect(stderr).toContain(message);
      expect(readdirSync(temporary)).toEqual([]);
      expect(commandLines()).not.toContain(temporary);
    },
  );

  test("what is not simulated: all of it, by name", async () => {
    const copy = changed(stack, ({ resource }) => {
      resource.google_redis_instance = { cache: { name: "cache" } };
      const [queue] = Object.values<Record<string, unknown>>(resource.google_cloud_tasks_queue);
      Object.assign(queue ?? {}, { app_engine_routing_override: { service: "s" } });
      const [account] = Object.values<Record<string, unknown>>(resource.google_service_account);
      Object.assign(account ?? {}, { description: "${google_redis_instance.cache.host}" });
    });
    const { status, stderr } = await local(["--terraform", copy]);
    expect(status).toBe(2);
    expect(stderr.split("\n")).toEqual([
      "This stack cannot run locally; 3 reasons:",
      expect.stringMatching(
        /^ {2}google_service_account\.\S+: description: google_redis_instance\.cache has no host, .* \(\$\{google_redis_instance\.cache\.host\}\)$/,
      ),
      expect.stringMatching(/^ {2}google_cloud_tasks_queue\.\S+: app_engine_routing_override\.service: not simulated$/),
      "  google_redis_instance.cache: google_redis_instance is not simulated",
      "",
    ]);
  });
});

describe("Ctrl-C", () => {
  const kept = () =>
    spawn(process.execPath, ["scripts/ts.mjs", "packages/scenarios/src/cli.ts", "--terraform", small, "--keep"], {
      env,
      stdio: "ignore",
    });

  test("as functions start leaves no process and no folder", async () => {
    const child = kept();
    await until(() => commandLines().includes(temporary));
    expect(readdirSync(temporary)).not.toEqual([]);
    child.kill("SIGINT");
    await ended(child);
    await until(() => !commandLines().includes(temporary));
    expect(readdirSync(temporary)).toEqual([]);
  });

  deepOnly(() => {
    test.each([150, 500, 900, 1400])("after %i ms leaves no process and no folder", async (delay) => {
      const child = kept();
      await new Promise((resolve) => setTimeout(resolve, delay));
      child.kill("SIGINT");
      await ended(child);
      await until(() => !commandLines().includes(temporary));
      expect(readdirSync(temporary)).toEqual([]);
    });
  });
});

function ended(child: ChildProcess): Promise<void> {
  return child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once("exit", () => resolve()));
}

/** Of all processes; a function's names the temporary folder that its source lies in. */
function commandLines(): string {
  return execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 100) throw new Error("it is still there");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
