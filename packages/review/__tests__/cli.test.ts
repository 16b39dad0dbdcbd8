import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reviewCommand } from "../src/command";
import { capture, planFile } from "./support";

const ROOT = join(__dirname, "..", "..", "..");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "review-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The command in this process. */
function run(...args: string[]) {
  const printed = capture();
  const status = reviewCommand(args);
  const { stdout, stderr } = printed();
  return { status, stdout, stderr: stderr.replaceAll(folder, "") };
}

/** The command as npm starts it. */
function start(...args: string[]) {
  const script = join(ROOT, "scripts", "ts.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, "packages/review/src/cli.ts", ...args], {
    encoding: "utf8",
  });
  return { status, stdout, stderr: stderr.replaceAll(folder, "") };
}

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

test.each(["review", "diagram"])("%s starts from any folder", (name) => {
  const bin = join(ROOT, "packages", "review", "bin", `${name}.mjs`);
  const { status, stdout } = spawnSync(process.execPath, [bin, "--help"], { cwd: folder, encoding: "utf8" });
  expect(status).toBe(0);
  expect(stdout).toContain(`usage: npm run ${name}`);
});

test("exit code 0 when safe, and one line", () => {
  expect(start(planFile("no-changes"))).toEqual({
    status: 0,
    stdout: "<!-- plan-review -->\n🟢 **Safe**: no changes.\n",
    stderr: "",
  });
});

test("exit code 2 for what needs attention or destroys data, 0 when that is allowed", () => {
  expect(start(planFile("iam-public")).status).toBe(2);
  expect(run(planFile("queue-deleted")).status).toBe(2);
  const allowed = run(planFile("queue-deleted"), "--allow-destroy");
  expect(allowed.status).toBe(0);
  expect(allowed.stdout).toContain("🔴 **Destroys data**: 1 deleted; 1 of them holds data (accepted).");
});

test("--json has the review, without what is sensitive", () => {
  const { status, stdout } = run(planFile("sensitive"), "--json");
  expect(status).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({
    verdict: "needs attention",
    hazards: [{ address: "terraform_data.a", action: "replace", forcedBy: [{ path: "triggers_replace" }] }],
  });
  expect(stdout).not.toMatch(/first-secret|second-secret/);
});

test("--help", () => {
  const { status, stdout } = run("--help");
  expect(status).toBe(0);
  expect(stdout).toContain("usage: npm run review -- <plan.json>...");
});

describe("bad input: exit code 1, which file and what is wrong", () => {
  const message = (...args: string[]) => {
    const { status, stdout, stderr } = run(...args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    return stderr;
  };
  const change = { address: "a.b", type: "a", mode: "managed", change: { actions: ["no-op"] } };

  test.each<[string, unknown, string]>([
    ["not JSON", "{", "/plan.json is not JSON: Expected property name or '}' in JSON at position 1"],
    ["a saved plan", "PK\u0003\u0004", "; it is a saved plan: give what `terraform show -json` makes of it"],
    [
      "no plan",
      [1],
      "/plan.json has no format_version, so it is not a plan; give the output of `terraform show -json <saved plan>`",
    ],
    [
      "another version",
      { format_version: "2.0" },
      '/plan.json has format_version "2.0"; allowed is 1.x (Terraform 1.1 and newer)',
    ],
    ["an old version", { format_version: "0.2" }, '/plan.json has format_version "0.2"; allowed is 1.x'],
    ["a state", { format_version: "1.0", values: {} }, "/plan.json is a state, not a plan; give the output of"],
    [
      "changes that are no list",
      { format_version: "1.2", resource_changes: {} },
      "/plan.json: resource_changes is not a list",
    ],
    [
      "a plan that failed",
      { format_version: "1.2", errored: true },
      "/plan.json is of a plan that failed (errored: true)",
    ],
    [
      "an unknown action",
      { format_version: "1.2", resource_changes: [{ ...change, change: { actions: ["explode"] } }] },
      "/plan.json: a.b has the actions explode; allowed: no-op; create; update; delete;",
    ],
    [
      "half a change",
      { format_version: "1.2", resource_changes: [{ mode: "managed", address: "a.b" }] },
      "/plan.json: an entry of resource_changes has no type",
    ],
  ])("%s", (_, content, expected) => {
    expect(message(file("plan.json", content))).toContain(expected);
  });

  test("no file, no stacks, nothing, too much", () => {
    expect(message(join(folder, "none.json"))).toContain("/none.json cannot be read: ENOENT");
    expect(message("--base", folder, "--head", folder)).toBe(
      "review:  has no synthesized stacks: neither stacks/<name>/cdk.tf.json nor cdk.tf.json\n",
    );
    expect(message()).toContain("give a plan (terraform show -json of a saved plan), or --base and --head");
    expect(message("--base", folder)).toContain("or --base and --head");
    expect(message("--json", "--markdown", "x")).toContain("--markdown and --json cannot be combined");
    expect(message("--jsn", "x")).toContain("review: Given --jsn; allowed: --base, ");
  });

  test("from the command as npm starts it", () => {
    expect(start("--jsn", "x")).toMatchObject({
      status: 1,
      stdout: "",
      stderr: expect.stringContaining("Given --jsn"),
    });
  });

  test("two plans of one stack", () => {
    const [a, b] = [file("shop/plan.json", { format_version: "1.2" }), file("shop.json", { format_version: "1.2" })];
    expect(message(a, b)).toBe("review: /shop/plan.json and /shop.json are both plans of the stack shop\n");
  });

  test("a plan of a stack that is not synthesized", () => {
    file("out/stacks/shop/cdk.tf.json", {});
    const plan = file("shpo.json", { format_version: "1.2" });
    expect(message(plan, "--base", join(folder, "out"), "--head", join(folder, "out"))).toBe(
      "review: /shpo.json is of the stack shpo, which is not synthesized; there are: shop\n",
    );
  });
});

test("a plan with base and head: sizes of bundles, and the wiring with the change marked", () => {
  const [before, after] = ["d5733ce9", "fdd089d5"].map((start) => start.padEnd(64, "0"));
  const stack = (hash: string) => ({
    resource: {
      google_pubsub_topic: { requests: { name: "requests" } },
      google_pubsub_subscription: {
        push: {
          name: "push",
          topic: "${google_pubsub_topic.requests.id}",
          push_config: { push_endpoint: "${google_cloudfunctions2_function.worker.service_config[0].uri}" },
        },
      },
      google_cloudfunctions2_function: {
        worker: {
          "//": { metadata: { path: "shop/worker" } },
          name: "worker",
          location: "us-central1",
          build_config: { source: { storage_source: { bucket: "acme-sources", object: `worker-${hash}.zip` } } },
        },
      },
    },
  });
  for (const [side, hash, size] of [
    ["base", before, 2048],
    ["head", after, 3072],
  ] as const) {
    file(`${side}/stacks/shop/cdk.tf.json`, stack(String(hash)));
    file(`${side}/stacks/shop/assets/worker/${hash}/worker.zip`, "x".repeat(size));
  }
  cpSync(planFile("function-code"), join(folder, "shop.json"));
  const { status, stdout } = run(
    join(folder, "shop.json"),
    "--base",
    join(folder, "base"),
    "--head",
    join(folder, "head"),
  );
  expect(status).toBe(0);
  expect(stdout).toContain("| `worker` | `d5733ce90000` → `fdd089d50000` | 2.0 KiB → 3.0 KiB (+1.0 KiB) |\n");
  expect(stdout).toMatch(
    /### Wiring\n\n<details>\n<summary>shop<\/summary>\n\n```mermaid\nflowchart LR\n[^`]*function_worker\["~ worker"\]/,
  );
  file(`head/stacks/shop/assets/worker/${after}/worker.zip`, "x".repeat(2056));
  const little = run(join(folder, "shop.json"), "--base", join(folder, "base"), "--head", join(folder, "head"));
  expect(little.stdout).toContain("| 2.0 KiB → 2.0 KiB (+8 bytes) |\n");
});

test("a change that the wiring does not show is not drawn, unless there is no base to know that", () => {
  const stack = {
    resource: {
      terraform_data: { a: { input: "x" } },
      google_pubsub_topic: { requests: { name: "requests" } },
      google_pubsub_subscription: { pull: { name: "pull", topic: "${google_pubsub_topic.requests.id}" } },
    },
  };
  for (const side of ["base", "head"]) file(`${side}/stacks/shop/cdk.tf.json`, stack);
  cpSync(planFile("update"), join(folder, "shop.json"));
  const [base, head] = [join(folder, "base"), join(folder, "head")];
  const compared = run(join(folder, "shop.json"), "--base", base, "--head", head);
  expect(compared.stdout).toContain("### Changed settings\n\n- `terraform_data.a`");
  expect(compared.stdout).not.toContain("### Wiring");
  expect(run(join(folder, "shop.json"), "--head", head).stdout).toContain("### Wiring");
});

test("the documented command is a script of the package", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  expect(scripts.review).toBe("node scripts/ts.mjs packages/review/src/cli.ts");
});
