import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { parse } from "yaml";
import { ROOT, removeFolders, run, temporaryFolder } from "../synth/project-copy";

// biome-ignore lint/suspicious/noExplicitAny: YAML has no type here.
type Yaml = any;

const folder = join(ROOT, ".github", "workflows");
const actions = join(ROOT, ".github", "actions");
const files = [
  ...readdirSync(folder).map((name) => join(folder, name)),
  ...readdirSync(actions).map((name) => join(actions, name, "action.yml")),
];
const texts = new Map(files.map((file) => [file.slice(ROOT.length + 1), readFileSync(file, "utf8")]));
const workflows = new Map(
  [...texts]
    .filter(([file]) => file.startsWith(".github/workflows/"))
    .map(([file, text]): [string, Yaml] => [file.replace(/^.*\/|\.yml$/g, ""), parse(text)]),
);
const steps: Yaml[] = [...texts.values()].flatMap((text) => {
  const { jobs = {}, runs = { steps: [] } } = parse(text);
  return [...Object.values<Yaml>(jobs).flatMap((job) => job.steps), ...runs.steps];
});

afterAll(removeFolders);

describe("workflow files", () => {
  /**
   * GitHub's own parser is an ES module that imports JSON without an attribute, which only bundlers
   * take.
   */
  const { errorsOf } = bundled(`
    import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from "@actions/workflow-parser";
    import { parseAction } from "@actions/workflow-parser/actions/action-parser";
    export async function errorsOf(name, content) {
      const parse = name.endsWith("action.yml") ? parseAction : parseWorkflow;
      const { context, value } = parse({ name, content }, new NoOperationTraceWriter());
      if (value && parse === parseWorkflow) await convertWorkflowTemplate(context, value);
      return context.errors.getErrors().map(({ message }) => message);
    }`);

  test.each([...texts])("%s is valid to GitHub's parser", async (name, text) => {
    expect(await errorsOf(name, text)).toEqual([]);
  });

  test("the parser finds what is wrong", async () => {
    const action = (texts.get(".github/actions/plan/action.yml") as string).replace(
      "using: composite",
      "using: nothing",
    );
    expect(await errorsOf("action.yml", action)).toEqual([expect.stringContaining("nothing")]);
    const text = (texts.get(".github/workflows/check.yml") as string).replace("matrix.node", "matrx.node");
    expect(await errorsOf("check.yml", text)).toEqual([expect.stringContaining("Unrecognized named-value: 'matrx'")]);
  });

  test("every action is pinned by commit and names its release, or is one of ours", () => {
    const uses = [...texts.values()].flatMap((text) =>
      [...text.matchAll(/^.*\buses:.*$/gm)].map(([line]) => line.trim()),
    );
    expect(uses.length).toBeGreaterThan(10);
    for (const line of uses) {
      const [, own] = /^- uses: \.\/(\.github\/actions\/[\w-]+)$/.exec(line) ?? [];
      if (own) expect([own, existsSync(join(ROOT, own, "action.yml"))]).toEqual([own, true]);
      else expect(line).toMatch(/^- uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  test("an action has one version everywhere", () => {
    const versions = new Map<string, Set<string>>();
    for (const { uses = "" } of steps) {
      const [action = "", version = ""] = uses.split("@");
      versions.set(action, (versions.get(action) ?? new Set()).add(version));
    }
    expect([...versions.values()].map(({ size }) => size)).toEqual([...versions].map(() => 1));
  });

  test("permissions are given, and are the least", () => {
    const given = [...workflows].flatMap(([name, { permissions, jobs }]) => [
      [name, permissions],
      ...Object.entries<Yaml>(jobs).flatMap(([job, { permissions: own }]) => (own ? [[`${name} ${job}`, own]] : [])),
    ]);
    expect(Object.fromEntries(given)).toEqual({
      check: { contents: "read" },
      succession: { contents: "read" },
      nightly: { contents: "read" },
      plan: {},
      "plan plan": { contents: "read", "id-token": "write" },
      "plan review": { contents: "read", "pull-requests": "write" },
      apply: {},
      "apply apply": { contents: "read", "id-token": "write", actions: "read", "pull-requests": "read" },
      drift: {},
      "drift drift": { contents: "read", "id-token": "write", issues: "write" },
    });
  });

  test("no workflow runs a fork's code with this repository's rights", () => {
    for (const { on } of workflows.values()) expect(Object.keys(on)).not.toContain("pull_request_target");
    for (const { uses, with: inputs } of steps) {
      if (uses?.startsWith("actions/checkout@")) expect(inputs["persist-credentials"]).toBe(false);
    }
    expect(workflows.get("plan").jobs.plan.if).toContain(
      "github.event.pull_request.head.repo.full_name == github.repository",
    );
  });

  test("scripts take nothing by expression, and are bash", () => {
    const scripts: string[] = steps.flatMap(({ run: script }) => script ?? []);
    expect(scripts.length).toBeGreaterThan(10);
    for (const script of scripts) {
      expect(script).not.toContain("${{");
      execFileSync("bash", ["-n"], { input: script });
    }
  });

  test("every job ends in time, and what must not overlap does not", () => {
    for (const { jobs, concurrency } of workflows.values()) {
      for (const job of Object.values<Yaml>(jobs)) expect(job["timeout-minutes"]).toBeLessThanOrEqual(60);
      expect(concurrency.group).toEqual(expect.any(String));
    }
    const { concurrency, jobs } = workflows.get("apply");
    expect(concurrency).toEqual({ group: "apply", "cancel-in-progress": false });
    expect(jobs.apply).toMatchObject({ environment: "production", strategy: { "max-parallel": 1 } });
  });
});

describe("stacks", () => {
  const outdir = temporaryFolder("stacks");
  const required = new Map<string, Yaml>();

  beforeAll(() => {
    run("node", ["scripts/ts.mjs", "scripts/synth.ts"], ROOT, { CDKTF_OUTDIR: outdir });
    for (const stack of readdirSync(join(outdir, "stacks")).sort()) {
      const json = JSON.parse(readFileSync(join(outdir, "stacks", stack, "cdk.tf.json"), "utf8"));
      required.set(stack, json.terraform.required_providers);
    }
  });

  test("plan, apply and drift have all of them", () => {
    const matrices = ["plan", "apply", "drift"].map((name) => workflows.get(name).jobs[name].strategy.matrix.stack);
    expect(matrices).toEqual([1, 2, 3].map(() => [...required.keys()]));
  });

  test("one lock file fits all: it has their providers and versions, and checksums of each", () => {
    const [first = {}, ...others] = required.values();
    for (const other of others) expect(other).toEqual(first);
    const text = readFileSync(join(ROOT, ".github", "terraform.lock.hcl"), "utf8");
    const block =
      /^provider "registry\.terraform\.io\/hashicorp\/(\w+)" {\n {2}version {5}= "(.+)"\n {2}constraints = "(.+)"\n {2}hashes = \[\n((?: {4}"h1:[\w+/]{43}=",\n)+)((?: {4}"zh:[0-9a-f]{64}",\n)+) {2}]\n}\n/gm;
    const locked = [...text.matchAll(block)].map(([, name, version, constraints]) => [name, version, constraints]);
    expect(locked).toEqual(
      Object.entries<Yaml>(first)
        .sort()
        .map(([name, { version }]) => [name, version, version]),
    );
    // A block of another form would have been passed over.
    expect(text.match(/^provider/gm)).toHaveLength(locked.length);
  });

  test("the lock file is what terraform is given, and it may not change it", () => {
    const [script] = steps.flatMap(({ run: each = "" }) => (each.includes(" init ") ? [each] : []));
    expect(script).toContain('cp .github/terraform.lock.hcl "$folder/.terraform.lock.hcl"');
    expect(script.match(/\binit .*/g)).toEqual(["init -input=false -lockfile=readonly"]);
  });
});

describe("apply's comparison", () => {
  const { steps: all } = workflows.get("apply").jobs.apply;
  const script: string = all.find(({ name }: Yaml) => name === "Is it the plan that was reviewed").run;

  test("stands before the only apply, and both run when there are changes", () => {
    const applying = all.findIndex(({ run: text = "" }: Yaml) => /\bterraform\b.* apply\b/.test(text));
    expect(all.findIndex(({ run: text }: Yaml) => text === script)).toBe(applying - 1);
    expect(all[applying].if).toBe(all[applying - 1].if);
    expect(applying).toBe(all.length - 1);
  });

  test("takes the reviewed plan", () => {
    expect(compare({})).toEqual({ status: 0, said: "" });
  });

  test("takes a plan that a person accepts by its digest", () => {
    expect(compare({ head: "", accepted: "aaa d1gest" })).toEqual({ status: 0, said: "" });
  });

  const again = "; read the summary of this run, then run this workflow with the digest d1gest to apply it\n";

  test.each([
    ["of no pull request", { head: "" }, "::error::c0ffee came by no pull request, so its plan was not reviewed"],
    ["whose newest review failed", { review: "" }, "::error::the newest review of 4ead did not pass"],
    ["that is another", { reviewed: "other" }, "::error::this is not the plan that was reviewed"],
    [
      "that another digest was accepted for",
      { head: "", accepted: "d1gest2 d1ges" },
      "::error::c0ffee came by no pull request, so its plan was not reviewed",
    ],
  ])("refuses a plan %s", (_, given, message) => {
    expect(compare(given)).toEqual({ status: 1, said: `${message}${again}` });
  });

  /** Runs the script as GitHub does, with a `gh` that answers what is given. */
  function compare({ head = "4ead", review = "77", reviewed = "d1gest", accepted = "" }) {
    const place = temporaryFolder("apply");
    const bin = join(place, "bin");
    mkdirSync(bin);
    const tools = {
      npm: "echo reviewed",
      gh: `case "$*" in
        *commits/c0ffee/pulls*) echo "${head}" ;;
        *"plan.yml/runs?event=pull_request&head_sha=4ead"*) echo "${review}" ;;
        "run download 77 "*"--name plan-async-batch --dir reviewed") mkdir reviewed; echo "${reviewed}" > reviewed/async-batch.sha256 ;;
        *) echo "unexpected: $*" >&2; exit 1 ;;
      esac`,
    };
    for (const [name, text] of Object.entries(tools)) {
      writeFileSync(join(bin, name), `#!/usr/bin/env bash\n${text}\n`);
      chmodSync(join(bin, name), 0o755);
    }
    const { status, stdout, stderr } = spawnSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script], {
      cwd: place,
      encoding: "utf8",
      env: {
        PATH: `${bin}:${process.env.PATH}`,
        ACCEPTED: accepted,
        DIGEST: "d1gest",
        STACK: "async-batch",
        GITHUB_REPOSITORY: "acme/ml",
        GITHUB_SHA: "c0ffee",
        GITHUB_STEP_SUMMARY: join(place, "summary.md"),
      },
    });
    expect(stderr).toBe("");
    expect(readFileSync(join(place, "summary.md"), "utf8")).toBe("reviewed\n\nDigest of this plan: `d1gest`\n");
    return { status, said: stdout };
  }
});

function bundled(contents: string): Yaml {
  const { outputFiles } = buildSync({
    stdin: { contents, resolveDir: ROOT },
    bundle: true,
    platform: "node",
    format: "cjs",
    write: false,
  });
  const module = { exports: {} };
  new Function("module", "exports", "require", outputFiles[0]?.text as string)(module, module.exports, require);
  return module.exports;
}
