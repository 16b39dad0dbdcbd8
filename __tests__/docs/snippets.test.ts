import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { App } from "cdktf";
import ts from "typescript";
import { parse } from "yaml";
import { ValidationErrors } from "../../lib/core/validation";
import * as library from "../../lib/index";
import { readSettings } from "../../lib/settings";
import { deepTest } from "../support/deep";
import { STACKS } from "../support/stacks";
import "../support/token-traces";
import { anchorsOf, type Block, blocksOf, codeIn, fileOf, readDocuments, root, sectionOf, tableOf } from "./markdown";

const documents = readDocuments();
const markdown = (path: string) => documents.get(path) as string;
const blocks = [...documents].flatMap(([path, text]) => blocksOf(path, text));
const place = ({ document, line }: Block) => `${document}:${line}`;
const context: Record<string, unknown> = JSON.parse(readFileSync(join(root, "cdktf.json"), "utf8")).context;

const workspace = mkdtempSync(join(tmpdir(), "snippets-"));
const startFolder = process.cwd();
afterAll(() => {
  process.chdir(startFolder);
  rmSync(workspace, { recursive: true });
});

describe("snippets", () => {
  const sources = blocks.filter(({ language }) => language === "ts");
  const files = new Map<Block, string>();

  beforeAll(() => {
    for (const block of blocks.filter(({ language }) => ["ts", "python", "text"].includes(language))) {
      const named = fileOf(block);
      if (!named && block.language !== "ts") continue;
      // Those of packages are for modules, which may wait at their top level.
      const extension = block.document.startsWith("packages/") ? "mts" : "ts";
      const file = join(folderOf(block.document), named ?? `snippet-${block.line}.${extension}`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, block.text);
      files.set(block, file);
    }
  });

  test("there are some, on every page of a pattern", () => {
    for (const pattern of PATTERNS)
      expect(sources.map(({ document }) => document)).toContain(`docs/${pattern.page}.md`);
  });

  // It takes as long as all else here. In npm test those that synthesize run below.
  deepTest("all compile", () => {
    const { config } = ts.readConfigFile(join(root, "tsconfig.json"), (path) => readFileSync(path, "utf8"));
    const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
    const program = ts.createProgram(
      sources.map((block) => files.get(block) as string),
      {
        ...options,
        // Node's types take as long to read as all others; no snippet uses them.
        types: [],
        paths: Object.fromEntries(
          Object.entries<string[]>(config.compilerOptions.paths).map(([name, paths]) => [
            name,
            paths.map((path) => join(root, path)),
          ]),
        ),
      },
    );
    // Only the snippets: what they import is checked by `npm run check`.
    const problems = sources.flatMap((block) => {
      const file = program.getSourceFile(files.get(block) as string) as ts.SourceFile;
      const diagnostics = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
      return diagnostics.map(({ start = 0, messageText }) => {
        const { line } = ts.getLineAndCharacterOfPosition(file, start);
        return `${block.document}:${block.line + line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
      });
    });
    expect(problems).toEqual([]);
  });

  // One that is a file of its own is run with the others of its page: package.test.ts.
  const apps = sources.filter((block) => block.text.includes("new App(") && !fileOf(block));
  test.each(apps.map((block) => [place(block), block] as const))("%s synthesizes", (_, block) => {
    process.chdir(folderOf(block.document));
    run(block.text);
    const stacks = readdirSync(join("cdktf.out", "stacks"));
    const written = stacks.filter((stack) => existsSync(join("cdktf.out", "stacks", stack, "cdk.tf.json")));
    expect(written).toHaveLength(1);
  });

  test.each(blocks.filter(({ language }) => language === "json").map((block) => [place(block), block] as const))(
    "%s is JSON",
    (_, { text }) => {
      expect(() => JSON.parse(text)).not.toThrow();
    },
  );

  /**
   * Each document has a folder of its own, in which our functions, workers and packages are as they
   * are in a clone.
   */
  function folderOf(document: string): string {
    const folder = join(workspace, document.replaceAll("/", "-"));
    if (!existsSync(folder)) {
      mkdirSync(folder, { recursive: true });
      for (const name of ["node_modules", "local", "terraform", "cli"])
        symlinkSync(join(root, name), join(folder, name));
      for (const kind of ["functions", "pipelines", "workers"]) {
        mkdirSync(join(folder, kind), { recursive: true });
        for (const name of readdirSync(join(root, kind))) symlinkSync(join(root, kind, name), join(folder, kind, name));
      }
    }
    return folder;
  }

  function run(source: string): void {
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
    });
    const load = (name: string) => (name === "cdktf-serverless-ml" ? library : require(name));
    new Function("require", "exports", outputText)(load, {});
  }
});

describe("commands", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const commands = [
    ...blocks.filter(({ language }) => language === "sh").flatMap(({ text }) => text.split("\n")),
    ...[...documents.values()].flatMap((text) => codeIn(text.replace(/^```.*?^```$/gms, ""))),
  ];

  test("npm scripts are in package.json", () => {
    const named = commands.flatMap((command) => [...command.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test))\b/g)]);
    expect(named.length).toBeGreaterThan(5);
    for (const [, script, short] of named) expect(Object.keys(scripts)).toContain(script ?? short);
  });

  test("stacks that cdktf is given are there", () => {
    const named = commands.flatMap((command) => [...command.matchAll(/\bcdktf (?:deploy|diff) ([\w-]+)/g)]);
    expect(named.length).toBeGreaterThan(1);
    for (const [, stack] of named) expect(PATTERNS.map(({ page }) => page)).toContain(stack);
  });

  // What a reader is told to run is what is checked: in the README, on every push, and in full by
  // .ci/run.
  const [first] = blocks.filter(({ document, language }) => document === "README.md" && language === "sh");
  const firstCommands = first?.text.trim().split(/\n| && /) ?? [];

  test(".ci/run runs the README's first block, then the deep tests", () => {
    expect(firstCommands).toEqual(["npm ci", "npm start", "npm test"]);
    const ran = readFileSync(join(root, ".ci", "run"), "utf8").match(/^npm .*$/gm);
    expect(ran).toEqual([...firstCommands, "npm run test:deep"]);
  });

  test("the hosted check runs the README's first block, with actions pinned by commit", () => {
    const { steps } = workflow("check").check as { steps: { run?: string; uses?: string }[] };
    expect(steps.flatMap(({ run }) => run ?? [])).toEqual(firstCommands);
    for (const { uses } of steps) if (uses) expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
  });

  test("a hosted workflow runs the deep tests", () => {
    const jobs = Object.values(workflow("nightly")) as { steps: { run?: string }[] }[];
    expect(jobs.flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []))).toContain("npm run test:deep");
  });

  function workflow(name: string): Record<string, unknown> {
    return parse(readFileSync(join(root, ".github", "workflows", `${name}.yml`), "utf8")).jobs;
  }
});

test("links within the repository resolve", () => {
  const anchors = new Map([...documents].map(([path, text]) => [path, anchorsOf(text)]));
  const broken = [...documents].flatMap(([path, text]) =>
    [...text.replace(/^```.*?^```$/gms, "").matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)]
      .filter(([, target = "", anchor]) => {
        const file = target ? join(dirname(path), target) : path;
        if (!existsSync(join(root, file))) return true;
        return anchor !== undefined && !anchors.get(file)?.has(anchor);
      })
      .map(([link]) => `${path} ${link}`),
  );
  expect(broken).toEqual([]);
});

test("the README is short, and docs/README.md lists every page", () => {
  expect(markdown("README.md").trimEnd().split("\n").length).toBeLessThanOrEqual(150);
  const listed = [...markdown("docs/README.md").matchAll(/\]\(([\w-]+\.md)\)/g)].map(([, page]) => `docs/${page}`);
  const pages = [...documents.keys()].filter((path) => /^docs\/(?!README)/.test(path));
  expect(listed.sort()).toEqual(pages.sort());
});

test("docs/errors.md has exactly the codes there are", () => {
  const source = readFileSync(join(root, "lib", "core", "validation.ts"), "utf8");
  const [, union = ""] = /export type ValidationCode =([^;]+);/.exec(source) ?? [];
  const codes = [...union.matchAll(/"(\w+)"/g)].map(([, code]) => code);
  const headings = [...markdown("docs/errors.md").matchAll(/^## (\w+)$/gm)].map(([, heading]) => heading);
  expect(codes.length).toBeGreaterThan(20);
  expect(headings).toEqual([...codes].sort());
});

test("the settings of docs/settings.md are those of lib/settings.ts", () => {
  const names = Object.keys(readSettings(new App({ context }), {}));
  const refusals = [
    ...refusalsOf(new App({ context: {} }), {}),
    ...refusalsOf(new App({ context }), {
      NOTIFICATION_EMAILS: "!",
      LABELS: "!",
      VERSIONED_BUCKETS: "!",
      TRAIN_AS: "!",
    }),
  ];
  const expected = names.map((name) => {
    const refusal = refusals.find((message) => message.startsWith(`${name} is `)) ?? "";
    const [, allowed, variables = ""] =
      /; allowed is (.*); set ".*" in cdktf\.json, context, or (.*)$/.exec(refusal) ?? [];
    return [name, variables.split(" or "), allowed];
  });
  const rows = tableOf(markdown("docs/settings.md"), "setting");
  expect(rows.map(([name = "", variables = "", , allowed]) => [codeIn(name)[0], codeIn(variables), allowed])).toEqual(
    expected,
  );

  const defaults = rows.map(([name = "", , value = ""]) => [codeIn(name)[0], codeIn(value)[0] ?? ""]);
  for (const [name = "", value = ""] of defaults) {
    const set = context[name];
    expect([name, typeof set === "object" ? Object.values(set as object).join() : String(set)]).toEqual([name, value]);
  }

  function refusalsOf(app: App, variables: Record<string, string>): string[] {
    try {
      readSettings(app, variables);
    } catch (error) {
      if (error instanceof ValidationErrors) return error.problems.map(({ detail }) => detail);
    }
    throw new Error("the settings were taken");
  }
});

interface StackJson {
  resource: Record<string, Record<string, { role?: string; permissions?: string[] }>>;
  output: Record<string, unknown>;
}

/**
 * A stack, its page and the file of its pattern have one name; the pattern is what the file exports
 * with properties.
 */
const PATTERNS = [...STACKS].map(([page, Stack]) => {
  const source = readFileSync(join(root, "lib", "patterns", `${page}.ts`), "utf8");
  const [, construct] = /^export class (\w+) extends Construct/m.exec(source) ?? [];
  return { page, props: `${construct}Props`, Stack };
});

describe.each(PATTERNS)("docs/$page.md", ({ page, props, Stack }) => {
  const text = markdown(`docs/${page}.md`);
  let json: StackJson;

  beforeAll(() => {
    const app = new App({ context, outdir: join(workspace, page), stackTraces: false });
    new Stack(app, readSettings(app, {}));
    library.synthesize(app);
    json = JSON.parse(readFileSync(join(workspace, page, "stacks", page, "cdk.tf.json"), "utf8"));
  });

  test("has the sections that all pages have", () => {
    expect([...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual([
      "The document and the answer",
      "Architecture",
      "Smallest use",
      "Properties",
      "Resources",
      "Who may do what",
      "When something fails",
      "Requests and results",
      "Cost",
      "Limits",
      "Outputs",
    ]);
  });

  test("lists the construct's properties", () => {
    const rows = tableOf(sectionOf(text, "## Properties"), "property");
    expect(rows.map(([name = ""]) => codeIn(name)[0])).toEqual(membersOf(`lib/patterns/${page}.ts`, props));
  });

  test("counts the resources of the stack", () => {
    const rows = tableOf(sectionOf(text, "## Resources"), "type").map(([type = "", number]) => [
      codeIn(type)[0],
      Number(number),
    ]);
    const counts = Object.entries(json.resource).map(([type, byId]) => [type, Object.keys(byId).length]);
    expect(rows).toEqual(counts.sort());
  });

  test("names every role that the stack grants, and no other", () => {
    const table = tableOf(sectionOf(text, "## Who may do what"), "who");
    const named = table.flatMap(([, role = ""]) => codeIn(role));
    const granted = Object.entries(json.resource)
      .filter(([type]) => type.endsWith("_iam_member"))
      .flatMap(([, byId]) => Object.values(byId).map(({ role = "" }) => role))
      .filter((role) => role.startsWith("roles/"));
    const custom = Object.values(json.resource.google_project_iam_custom_role ?? {}).flatMap(
      ({ permissions = [] }) => permissions,
    );
    expect([...new Set(named)].sort()).toEqual([...new Set([...granted, ...custom])].sort());
  });

  test("lists the outputs of the stack", () => {
    const rows = tableOf(sectionOf(text, "## Outputs"), "output").map(([name = ""]) => codeIn(name)[0] ?? "");
    expect(rows.sort()).toEqual(Object.keys(json.output).sort());
  });
});

test("docs/own-worker.md lists the properties of functions", () => {
  const rows = tableOf(sectionOf(markdown("docs/own-worker.md"), "## Function properties"), "property");
  const members = membersOf("lib/parts/function-service.ts", "FunctionServiceProps");
  expect(rows.map(([name = ""]) => codeIn(name)[0])).toEqual(members);
});

test("docs/workers.md lists the properties of containers", () => {
  const rows = tableOf(sectionOf(markdown("docs/workers.md"), "## A worker in a container"), "property");
  const members = [
    ...membersOf("lib/parts/container.ts", "ContainerProps"),
    ...membersOf("lib/parts/container-service.ts", "ContainerServiceProps"),
  ];
  expect(rows.flatMap(([names = ""]) => codeIn(names)).sort()).toEqual([...new Set(members)].sort());
});

test("docs/pubsub-fanout.md lists the properties of subscribers", () => {
  const rows = tableOf(markdown("docs/pubsub-fanout.md"), "property of a subscriber");
  expect(rows.map(([name = ""]) => codeIn(name)[0])).toEqual(
    membersOf("lib/patterns/fanout-subscribers.ts", "SubscriberOptions"),
  );
});

/** Names of an interface's own members, in their order. */
function membersOf(path: string, name: string): string[] {
  const source = ts.createSourceFile(path, readFileSync(join(root, path), "utf8"), ts.ScriptTarget.ES2022);
  const found = source.statements.find((node) => ts.isInterfaceDeclaration(node) && node.name.text === name);
  if (!found) throw new Error(`there is no interface ${name} in ${path}`);
  return (found as ts.InterfaceDeclaration).members.map((member) => member.name?.getText(source) as string);
}
