import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deepOnly, deepTest } from "../../../../__tests__/support/deep";
import { changed, synthesized } from "../../../../__tests__/support/synthesized";
import { type Ended, inProcess } from "../support/in-process";

const stacks = synthesized();
const stack = stacks.stack("scheduled-preprocessing");
/** Only runs put their temporary folders here. */
const temporary = mkdtempSync(join(tmpdir(), "check-iam-"));
const settings = {
  TMPDIR: temporary,
  INIT_CWD: undefined,
  NO_COLOR: "1",
  // With Apache Beam each run would take its time, and need more bindings.
  LOCAL_PYTHON: "no-python",
};

afterAll(() => {
  stacks.remove();
  rmSync(temporary, { recursive: true });
});

const withJson = (ended: Ended) => {
  expect(readdirSync(temporary)).toEqual([]);
  return { ...ended, json: () => JSON.parse(ended.stdout.trimEnd().split("\n").at(-1) ?? "") };
};

/** In this process; one test here and one in own.test.ts start the command as users do. */
const checkIam = async (folder: string, ...args: string[]) =>
  withJson(await inProcess(["--terraform", folder, "--check-iam", ...args], settings));

function started(folder: string, ...args: string[]) {
  const command = ["scripts/ts.mjs", "packages/scenarios/src/cli.ts", "--terraform", folder, "--check-iam", ...args];
  const env = { ...process.env, ...settings };
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { env, encoding: "utf8" });
  return withJson({ status: status ?? -1, stdout, stderr });
}

// own.test.ts has the command on a stack with fewer bindings.
deepTest("all that is needed or documented: a table of what fails without each, exit code 0", () => {
  const { status, stdout, stderr } = started(stack);
  expect(stdout).toMatch(
    /^ {2}ok {2}run\.invoker for scheduled-pr-dispatcher-\w+ on service scheduled-preprocessing-launcher-dev\n {6}google_cloud_run_v2_service_iam_member\.\S+\n {6}without it scheduled-pr-dispatcher-\w+ lacks run\.routes\.invoke on service scheduled-preprocessing-launcher-dev\n/,
  );
  expect(stdout).toMatch(/^ {2}-- {2}storage\.objectUser for scheduled-prep-launcher-\w+ on bucket .*-temp-dev\n/m);
  expect(stdout).toMatch(
    /^ {6}documented: Dataflow requires that the launcher .*\n {6}https:\/\/cloud\.google\.com\//m,
  );
  expect(stdout).toMatch(
    /\nOK {2}scheduled-preprocessing {2}bindings 27, necessary 26, unproven 1, missing 0, [\d.]+ s\n$/,
  );
  // Only a terminal is shown progress.
  expect(stderr).not.toContain("runs");
  expect(status).toBe(0);
});

// check-iam.test.ts has the finding.
deepOnly(() => {
  test("a binding of which no use was exercised: its address, and no advice to remove it, exit code 3", async () => {
    const copy = changed(stack, ({ resource }) => {
      const bindings = resource.google_storage_bucket_iam_member;
      const [, launcher] =
        Object.entries<object>(bindings).find(([id]) => id.includes("temp_objectUser-preprocessing-launcher")) ?? [];
      const [, output] =
        Object.entries<{ bucket: string }>(bindings).find(([id]) => id.includes("output_objectUser")) ?? [];
      // The same role of the same member, but not where jobs keep temporary files.
      bindings.planted = { ...launcher, bucket: output?.bucket };
    });
    const { status, stdout, json } = await checkIam(copy, "--quiet", "--json");
    expect(status).toBe(3);
    expect(stdout).toMatch(
      /^ {2}\?\? {2}storage\.objectUser for scheduled-prep-launcher-\w+ on bucket \S+-output-dev\n {6}google_storage_bucket_iam_member\.planted\n {6}not exercised: no call of these runs needed it\nPARTIAL /,
    );
    expect(json()).toMatchObject({ verdict: "PARTIAL", bindings: 28, necessary: 26, missing: [] });
    expect(json().unproven.map(({ address }: { address: string }) => address)).toContain(
      "google_storage_bucket_iam_member.planted",
    );
  }, 120_000);
});

test("what the deployment itself may not do is missing, exit code 1", async () => {
  const copy = changed(stack, ({ resource }) => {
    const bindings = resource.google_project_iam_member;
    for (const id of Object.keys(bindings)) if (id.includes("logWriter")) delete bindings[id];
  });
  const { status, stdout, json } = await checkIam(copy, "--json");
  expect(status).toBe(1);
  expect(stdout).toMatch(
    /^ {2}!! {2}missing: scheduled-preproc-build-\w+ lacks logging\.logEntries\.create on project my-gcp-project\n {6}A binding of roles\/logging\.logWriter on projects\/my-gcp-project to serviceAccount:scheduled-preproc-build-/,
  );
  expect(json()).toMatchObject({ bindings: 26, necessary: 0, missing: [{ permission: "logging.logEntries.create" }] });
});

interface Launcher {
  service_config: { environment_variables: Record<string, string> };
}

test.each<[string, (json: { resource: Record<string, object>; output: Record<string, object> }) => void, RegExp]>([
  [
    "is none of the five",
    (json) => {
      json.output = {};
      // By this variable the launcher would still be known.
      const functions = Object.values(json.resource.google_cloudfunctions2_function ?? {}) as Launcher[];
      for (const { service_config } of functions) delete service_config.environment_variables.JOBS;
    },
    /^scheduled-preprocessing is none of the five architectures\. Use --keep and call it yourself, or --drive <module> to say how it is used\n$/,
  ],
  [
    "loses its dead letters, whatever its bindings",
    ({ resource, output }) => {
      delete resource.google_pubsub_subscription;
      // Its redrive would miss its permission, and the check would end with that.
      for (const resources of Object.values(resource) as Record<string, object>[]) {
        for (const id of Object.keys(resources)) if (id.includes("redrive")) delete resources[id];
      }
      for (const name of ["dead_letter_subscription_name", "redrive_url", "redrive_function_name"]) delete output[name];
    },
    /^The run with all bindings fails: \{"accepted":\d+,"done":\d+,"lost":3,/,
  ],
  [
    "cannot run",
    ({ resource }) => {
      resource.google_redis_instance = { cache: {} };
    },
    /^This stack cannot run locally; 1 reason:\n {2}google_redis_instance\.cache: google_redis_instance is not simulated\n$/,
  ],
])("a stack that %s: why, exit code 2", async (_, change, message) => {
  const { status, stdout, stderr } = await checkIam(changed(stack, change));
  expect(stderr).toMatch(message);
  expect(stdout).toBe("");
  expect(status).toBe(2);
});

const REFUSED: readonly [string[], string][] = [
  [["--keep"], "--keep and --check-iam cannot be combined"],
  [["--input", "x.txt"], "--input and --check-iam cannot be combined"],
  [["--faults"], "--check-iam and --faults cannot be combined"],
];
test.each(REFUSED)("with %j: refused, exit code 2", async (args, message) => {
  const { status, stderr } = await checkIam(stack, ...args);
  expect(stderr).toContain(message);
  expect(status).toBe(2);
});

test("--prove-iam, its former name, is the same flag, which no help lists", async () => {
  const run = (...args: string[]) => inProcess(args, settings);
  const { stderr } = await run("--terraform", stack, "--prove-iam", "--keep");
  expect(stderr).toBe("--keep and --check-iam cannot be combined\n");
  expect((await run("--help")).stdout).not.toContain("prove");
  expect((await run("--frob")).stderr).not.toContain("prove");
});
