import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endWithOthers, FlagError, readFlags } from "@cdktf-serverless-ml/cli";

// `npm run docs:api`: writes docs/api.md from the docstrings of everything that other projects can
// import. With --check it writes nothing and exits with 1 if the file is outdated.

/** An ES module, whose types a CommonJS file cannot import by name. */
const loadTypeDoc = () => import("typedoc");
type TypeDoc = Awaited<ReturnType<typeof loadTypeDoc>>;
type Comment = InstanceType<TypeDoc["Comment"]>;
type DeclarationReflection = InstanceType<TypeDoc["DeclarationReflection"]>;
type ProjectReflection = InstanceType<TypeDoc["ProjectReflection"]>;
type Reflection = InstanceType<TypeDoc["Reflection"]>;

const FILE = join("docs", "api.md");

/** What users import besides the package's root, as `cdktf-serverless-ml/functions/<name>`. */
const FUNCTION_MODULES = [
  "shared/start",
  "shared/environment",
  "shared/task-handler",
  "shared/message-handler",
  "shared/api-handler",
  "shared/pipeline/step",
  "shared/pipeline/environment",
  "shared/errors",
  "shared/services",
  "shared/storage-services",
  "shared/storage",
  "shared/google-api",
  "shared/tasks",
  "shared/dead-letter",
  "shared/predictor",
  "shared/http",
  "shared/log",
  "batch-worker/environment",
  "batch-worker/handler",
];

const nameOf = (module: string) => `cdktf-serverless-ml/functions/${module}`;

/** Headings of the page, in its order, with the pattern of the files that declare their members. */
const GROUPS: readonly (readonly [heading: string, file: RegExp])[] = [
  ["Patterns", /^lib\/patterns\//],
  ["Parts", /^lib\/parts\//],
  ["Values, grants and errors", /^lib\/(core\/|synthesize)/],
  ...FUNCTION_MODULES.map((module) => [nameOf(module), new RegExp(`^functions/${module}\\.ts$`)] as const),
];

const OPTIONS: Parameters<TypeDoc["Application"]["bootstrapWithPlugins"]>[0] & Record<string, unknown> = {
  entryPoints: ["lib/index.ts", ...FUNCTION_MODULES.map((module) => `functions/${module}.ts`)],
  tsconfig: "tsconfig.build.json",
  // `npm run check` has checked the types.
  skipErrorChecking: true,
  plugin: ["typedoc-plugin-markdown"],
  name: "API",
  readme: "none",
  disableGit: true,
  // Required without git. The converter below removes the addresses of the sources.
  sourceLinkTemplate: "{path}",
  excludePrivate: true,
  excludeProtected: true,
  excludeInternal: true,
  excludeExternals: true,
  groupOrder: GROUPS.map(([heading]) => heading),
  sort: ["instance-first", "alphabetical"],
  // A warning says that a schema that is composed of others repeats their comments.
  logLevel: "Error",
  // Options of the Markdown plug-in.
  outputFileStrategy: "modules",
  entryFileName: "api.md",
  useHTMLAnchors: true,
  hidePageHeader: true,
  hideBreadcrumbs: true,
  parametersFormat: "table",
  propertiesFormat: "table",
  tableColumnSettings: { hideModifiers: true, hideInherited: true, hideOverrides: true, hideSources: true },
};

const INTRODUCTION = `# API

Everything that another project may import. The first three sections are exports of \`cdktf-serverless-ml\`. The others
are for the code of functions, and their headings are what it is imported from. The page of each pattern explains its
properties with an example, and [own-worker.md](own-worker.md) shows how to write a function. \`npm run docs:api\` writes
this page from the docstrings.
`;

endWithOthers();
main(process.argv.slice(2)).catch((error: Error) => {
  process.exitCode = 1;
  console.error(error instanceof FlagError ? error.message : error);
});

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = readFlags(args, { check: { type: "boolean" } });
  if (positionals.length > 0) throw new FlagError(`Given ${positionals.join(" ")}; allowed: --check`);
  const text = await apiPage();
  if (!values.check) {
    writeFileSync(FILE, text);
    console.log(`wrote ${FILE}`);
  } else if (readFileSync(FILE, "utf8") !== text) {
    process.exitCode = 1;
    console.error(`${FILE} is stale. Run: npm run docs:api`);
  }
}

async function apiPage(): Promise<string> {
  const { Application, Comment, CommentTag, Converter, ReflectionKind } = await loadTypeDoc();
  const app = await Application.bootstrapWithPlugins(OPTIONS);

  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    mergeModules(project);
    for (const reflection of project.children ?? []) {
      const tag = new CommentTag("@group", [{ kind: "text", text: groupOf(reflection) }]);
      reflection.comment ??= new Comment();
      reflection.comment.blockTags.push(tag);
    }
    for (const reflection of project.getReflectionsByKind(ReflectionKind.All)) {
      tidyComment(reflection.comment);
      tidyTypes(reflection);
    }
  });
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const reflection of project.getReflectionsByKind(ReflectionKind.All)) {
      // Line numbers change with every edit, and readers do not need to know where a member is
      // inherited from.
      const declared = reflection as Partial<DeclarationReflection>;
      for (const key of ["sources", "inheritedFrom", "overwrites", "implementationOf"] as const) delete declared[key];
    }
  });

  const project = await app.convert();
  if (!project) throw new Error("typedoc could not read the sources; it said why above");
  const folder = await mkdtemp(join(tmpdir(), "api-"));
  try {
    app.options.setValue("outputs", [{ name: "markdown", path: folder }]);
    await app.generateOutputs(project);
    return edited(await readFile(join(folder, "api.md"), "utf8"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * Merges all modules into one, so that they fill one page. The group of a declaration shows its
 * module.
 */
function mergeModules(project: ProjectReflection): void {
  for (const module of [...(project.children ?? [])]) project.mergeReflections(module, project);
}

function groupOf({ name, sources }: DeclarationReflection): string {
  const file = sources?.[0]?.fileName ?? "";
  const group = GROUPS.find(([, pattern]) => pattern.test(file));
  if (!group) throw new Error(`${name} is declared in ${file}, for which GROUPS of scripts/api-docs.ts has no heading`);
  return group[0];
}

function tidyComment(comment: Comment | undefined): void {
  for (const { content } of [...(comment?.blockTags ?? []), { content: comment?.summary ?? [] }]) {
    for (const part of content) {
      // `@default - made of the path` is a sentence, not code.
      part.text = part.text.replace(/^(?:```ts\n|`)?- (.*?)(?:\n```|`)?$/s, "$1");
      // For bundlers, not for readers.
      part.text = part.text.replace(/\s*@__NO_SIDE_EFFECTS__/, "");
    }
  }
}

/**
 * The type arguments of a valibot schema take many lines, and its comment describes them better.
 */
function tidyTypes(reflection: Reflection): void {
  const { type } = reflection as Partial<DeclarationReflection>;
  if (type?.type === "reference" && type.package === "valibot" && /Schema|Pipe/.test(type.name)) {
    type.typeArguments = undefined;
  }
  if (reflection.name === "__namedParameters") reflection.name = "props";
}

function edited(text: string): string {
  const titled = text.replace(/^(?:<a id="[^"]*"><\/a>\s*)?# API\n/, INTRODUCTION);
  const { lines, renamed } = withGitHubAnchors(titled.split("\n"));
  // The anchors of properties are numbered consecutively, so each addition would change them. Only
  // those that a link uses stay.
  const targets = new Set([...titled.matchAll(/\]\(#([^)]+)\)/g)].map(([, id]) => id));
  return lines
    .join("\n")
    .replace(/<a id="([^"]*)"><\/a> /g, (_, id) => (targets.has(id) ? `<a id="property-${id}"></a> ` : ""))
    .replace(/\]\(#([^)]+)\)/g, (_, id) => `](#${renamed.get(id) ?? `property-${id}`})`);
}

/**
 * Removes the anchors that the plug-in writes above headings and maps them to GitHub's. The plug-in
 * numbers repeated names in another order than GitHub.
 */
function withGitHubAnchors(lines: readonly string[]): { lines: string[]; renamed: Map<string, string> } {
  const kept: string[] = [];
  const renamed = new Map<string, string>();
  const times = new Map<string, number>();
  let pending: string | undefined;
  for (const line of lines) {
    const [, anchor] = /^<a id="([^"]*)"><\/a>$/.exec(line) ?? [];
    const [, heading] = /^#+ (.*)$/.exec(line) ?? [];
    if (anchor !== undefined) {
      pending = anchor;
      continue;
    }
    if (heading !== undefined) {
      const name = heading
        .toLowerCase()
        .replace(/[^\w\s-]/g, "")
        .replace(/\s/g, "-");
      const before = times.get(name) ?? 0;
      times.set(name, before + 1);
      if (pending) renamed.set(pending, before === 0 ? name : `${name}-${before}`);
      pending = undefined;
    }
    if (line !== "" || kept.at(-1) !== "") kept.push(line);
  }
  return { lines: kept, renamed };
}
