import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { App, DataResource, GcsBackend, LocalBackend, TerraformStack } from "cdktf";
import { stateFile, statePrefix } from "../../lib/core/state-place";
import { synthesize } from "../../lib/synthesize";
import { onlyIf } from "../support/only-if";
import { removeFolders, temporaryFolder } from "./project-copy";

afterAll(removeFolders);

let said: string[] = [];
beforeEach(() => {
  said = [];
  jest.spyOn(console, "error").mockImplementation((line) => said.push(String(line)));
});
afterEach(() => jest.restoreAllMocks());

type BackendOf = (stack: TerraformStack) => unknown;
const local =
  (environment: string): BackendOf =>
  (stack) =>
    new LocalBackend(stack, { path: stateFile(environment, stack.node.id) });
const gcs =
  (environment: string, bucket = "acme-state"): BackendOf =>
  (stack) =>
    new GcsBackend(stack, { bucket, prefix: statePrefix(environment, stack.node.id) });

/**
 * Synthesizes a stack without providers, whose one resource is built into Terraform.
 *
 * @returns the stack's folder
 */
function synthesizeIn(project: string, backend: BackendOf, input = ""): string {
  // cdktf's own validation of that resource asks for a terraform on the PATH.
  const app = new App({ outdir: join(project, "cdktf.out"), stackTraces: false, skipValidation: true });
  const stack = new TerraformStack(app, "small");
  backend(stack);
  new DataResource(stack, "data", { input: { text: input } });
  synthesize(app);
  return join(project, "cdktf.out/stacks/small");
}

/** What `terraform init` writes. */
function initialize(folder: string): string {
  const { terraform } = JSON.parse(readFileSync(join(folder, "cdk.tf.json"), "utf8"));
  const [[type, config] = []] = Object.entries(terraform.backend);
  mkdirSync(join(folder, ".terraform"), { recursive: true });
  const file = join(folder, ".terraform/terraform.tfstate");
  writeFileSync(file, JSON.stringify({ version: 3, backend: { type, config, hash: 1 } }));
  return file;
}

describe("a stack's folder that was initialized", () => {
  test.each<[string, BackendOf, BackendOf]>([
    ["another state file", local("dev"), local("prod")],
    ["another prefix", gcs("dev"), gcs("prod")],
    ["another bucket", gcs("dev"), gcs("prod", "acme-prod-state")],
    ["a bucket", local("dev"), gcs("prod")],
    ["a file", gcs("dev"), local("prod")],
  ])("for another environment is forgotten, and that is said: %s", (_, before, after) => {
    const project = temporaryFolder("project");
    const file = initialize(synthesizeIn(project, before));
    synthesizeIn(project, after);
    expect(existsSync(file)).toBe(false);
    expect(said).toEqual([
      "small: Terraform was initialized here for the environment dev, and will be for another one; the state of dev stays where it is",
    ]);
  });

  test.each<[string, BackendOf, BackendOf]>([
    ["the same backend", gcs("dev"), gcs("dev")],
    ["its state moves to a bucket", local("dev"), gcs("dev")],
    ["its state moves to another bucket", gcs("dev"), gcs("dev", "acme-new-state")],
    ["a backend of one's own", (stack) => new LocalBackend(stack, { path: "my.tfstate" }), local("prod")],
    ["to a backend of one's own", local("dev"), (stack) => new LocalBackend(stack, { path: "my.tfstate" })],
  ])("for the same environment is left to Terraform: %s", (_, before, after) => {
    const project = temporaryFolder("project");
    const file = initialize(synthesizeIn(project, before));
    synthesizeIn(project, after);
    expect(existsSync(file)).toBe(true);
    expect(said).toEqual([]);
  });

  test.each(["", "{", "{}", '{"version":3}'])("in a way that cannot be read is left alone: %j", (text) => {
    const project = temporaryFolder("project");
    const file = initialize(synthesizeIn(project, local("dev")));
    writeFileSync(file, text);
    synthesizeIn(project, local("prod"));
    expect(readFileSync(file, "utf8")).toBe(text);
  });
});

function terraform(folder: string, ...args: string[]): string {
  const env = { ...process.env, CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1" };
  return execFileSync("terraform", args, { cwd: folder, encoding: "utf8", stdio: "pipe", env });
}

function terraformIsThere(): boolean {
  try {
    return terraform(".", "version").includes("Terraform v1");
  } catch {
    return false;
  }
}

onlyIf(terraformIsThere(), "there is no terraform on the PATH", () => {
  test("Terraform keeps the states of two environments apart in one folder", () => {
    const project = temporaryFolder("project");
    const valueIn = (environment: string) => {
      const state = JSON.parse(readFileSync(join(project, `terraform.${environment}.small.tfstate`), "utf8"));
      return state.resources[0].instances[0].attributes.input.value.text;
    };
    for (const environment of ["dev", "prod", "dev"]) {
      const folder = synthesizeIn(project, local(environment), environment);
      terraform(folder, "init", "-input=false");
      terraform(folder, "apply", "-input=false", "-auto-approve");
      expect(valueIn(environment)).toBe(environment);
    }
    expect([valueIn("dev"), valueIn("prod")]).toEqual(["dev", "prod"]);
  });

  test("Terraform itself would stop there", () => {
    const project = temporaryFolder("project");
    const folder = synthesizeIn(project, local("dev"));
    terraform(folder, "init", "-input=false");
    const kept = readFileSync(join(folder, ".terraform/terraform.tfstate"));
    synthesizeIn(project, local("prod"));
    writeFileSync(join(folder, ".terraform/terraform.tfstate"), kept);
    expect(() => terraform(folder, "init", "-input=false")).toThrow("-migrate-state");
  });
});
