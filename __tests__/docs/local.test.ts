import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SERVICES } from "@cdktf-serverless-ml/emulator";
import ts from "typescript";
import * as library from "../../lib/index";
import { cloudFunctions } from "../../packages/emulator/src/functions";
import { iam } from "../../packages/emulator/src/iam";
import { DATA_SOURCES, PASSIVE } from "../../packages/emulator/src/machine/passive";
import { cloudRun } from "../../packages/emulator/src/run";
import { SCENARIOS } from "../../packages/scenarios/src/patterns";
import { blocksOf, codeIn, readDocuments, root, sectionOf, tableOf } from "./markdown";

const page = readDocuments().get("docs/local.md") as string;
/** By the name of their file, which is the stack's. */
const scenarios = readdirSync(join(root, "packages", "scenarios", "src", "patterns"))
  .map((file) => file.replace(/\.ts$/, ""))
  .filter((name) => name !== "index")
  .map((name) => {
    const exported = Object.values(require(`../../packages/scenarios/src/patterns/${name}`));
    return { ...SCENARIOS.find((scenario) => exported.includes(scenario)), name };
  });
const workspace = mkdtempSync(join(tmpdir(), "docs-local-"));
afterAll(() => rmSync(workspace, { recursive: true }));

function local(...args: string[]) {
  return spawnSync(process.execPath, [join(root, "scripts", "ts.mjs"), "packages/scenarios/src/cli.ts", ...args], {
    cwd: root,
    env: { ...process.env, INIT_CWD: undefined, NO_COLOR: "1" },
    encoding: "utf8",
  });
}

test("lists the options that there are", () => {
  const usage = [...local("--help").stdout.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, option]) => option);
  const rows = tableOf(page, "option").map(([name = ""]) => codeIn(name)[0]);
  expect(usage.length).toBeGreaterThan(4);
  expect(rows).toEqual(usage);
});

test("says what each stack takes, and by which outputs it is recognised", () => {
  const inputs = tableOf(page, "stack").map(([name = "", input = ""]) => [
    codeIn(name)[0],
    codeIn(input).filter((code) => code.startsWith(".")),
  ]);
  expect(Object.fromEntries(inputs)).toEqual(Object.fromEntries(scenarios.map((each) => [each.name, each.extensions])));
  const outputs = tableOf(page, "like").map(([name = "", names = ""]) => [codeIn(name)[0], codeIn(names)]);
  expect(Object.fromEntries(outputs)).toEqual(Object.fromEntries(scenarios.map((each) => [each.name, each.outputs])));
});

test("links the claims of every part", () => {
  const claims = readdirSync(join(root, "packages", "emulator", "src"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("FIDELITY.md"))
    .map((path) => `../packages/emulator/src/${path.replaceAll("\\", "/")}`);
  const linked = tableOf(page, "part").map(([, link = ""]) => /\]\((.*)\)/.exec(link)?.[1]);
  expect(claims.length).toBeGreaterThan(5);
  expect(linked.sort()).toEqual(claims.sort());
});

test("lists the types that are simulated, and no other", () => {
  const rows = tableOf(page, "types").map(([names = ""]) => codeIn(names));
  const [functions, containers, services, bindings = [], passive, data] = rows.map((names) => [...names].sort());
  const typesOf = (...simulated: object[]) => simulated.flatMap(Object.keys).sort();
  expect(functions).toEqual(typesOf(cloudFunctions.simulated));
  expect(containers).toEqual(typesOf(cloudRun.simulated));
  expect(services).toEqual(typesOf(...SERVICES.map(({ simulated }) => simulated)));
  const families = bindings
    .filter((name) => name.endsWith("_iam"))
    .flatMap((family) => [`${family}_binding`, `${family}_member`]);
  expect(["google_project_iam_custom_role", ...families].sort()).toEqual(typesOf(iam.simulated));
  expect(passive).toEqual(typesOf(PASSIVE));
  expect(data).toEqual([...DATA_SOURCES].sort());
});

test("the stack of one's own runs, known by its functions' variables", () => {
  const [source] = blocksOf("docs/local.md", sectionOf(page, "## Your own stack")).filter(
    ({ language }) => language === "ts",
  );
  const { outputText } = ts.transpileModule(source?.text ?? "", {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  });
  const before = process.env.CDKTF_OUTDIR;
  process.env.CDKTF_OUTDIR = join(workspace, "cdktf.out");
  try {
    new Function("require", "exports", outputText)(
      (name: string) => (name === "cdktf-serverless-ml" ? library : require(name)),
      {},
    );
  } finally {
    if (before === undefined) delete process.env.CDKTF_OUTDIR;
    else process.env.CDKTF_OUTDIR = before;
  }
  const folder = join(workspace, "cdktf.out", "stacks", "flowers");
  const { status, stdout } = local("--terraform", folder, "--input", join(root, "samples", "batch.csv"), "--json");
  const summary = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  expect(summary).toMatchObject({ stack: "flowers", accepted: 6, done: 6, lost: 0, refused: [] });
  expect(status).toBe(0);
});
