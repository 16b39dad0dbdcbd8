import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, normalize } from "node:path";
import ts from "typescript";

interface Import {
  readonly file: string;
  /** Path from the project's root where it is relative, else the package. */
  readonly module: string;
  /** Only types, gone when compiled. */
  readonly typesOnly: boolean;
}

/** What the TypeScript files of a folder, or one file, import. */
function importsOf(path: string): Import[] {
  const files = statSync(path).isDirectory()
    ? readdirSync(path, { recursive: true, encoding: "utf8" }).map((name) => join(path, name))
    : [path];
  return files
    .filter((file) => /\.(ts|cjs)$/.test(file))
    .flatMap((file) =>
      [
        ...readFileSync(file, "utf8").matchAll(
          /(?:(import type|export type)[^"]*?|from|import|require\()\s*"([^"]+)"/g,
        ),
      ].map(([, types, module = ""]) => ({
        file,
        module: module.startsWith(".") ? normalize(join(file, "..", module)) : module,
        typesOnly: types !== undefined,
      })),
    );
}

const OWN = /^(bench|functions|lib|main|packages|scripts|@cdktf-serverless-ml)(\/|$)/;
const CDKTF = /^(@cdktf|cdktf|constructs)(\/|$)/;

/** [what, the parts of the project that it may import, whether it may import cdktf] */
const WALLS: [string, RegExp, boolean][] = [
  ["lib/core", /^lib\/core\//, true],
  ["lib/parts", /^lib\/(core|parts)\//, true],
  ["lib/patterns", /^lib\/(core|parts)\/|^lib\/patterns\/(worker|pipeline-graph)$/, true],
  ["lib/stacks", /^lib\/(core|parts|patterns|settings)|^lib\/stacks\/outputs$/, true],
  ["functions", /^functions\//, false],
];

describe("the walls of the house", () => {
  test.each(WALLS)("%s imports only what lies below it", (folder, allowed, mayUseCdktf) => {
    const imports = importsOf(folder);
    expect(imports.length).toBeGreaterThan(5);
    const running = imports.filter(({ typesOnly }) => !typesOnly);
    expect(running.filter(({ module }) => OWN.test(module) && !allowed.test(module))).toEqual([]);
    if (!mayUseCdktf) expect(imports.filter(({ module }) => CDKTF.test(module))).toEqual([]);
  });

  test("lib knows of functions only the types of their environment", () => {
    const imports = importsOf("lib").filter(({ module }) => module.startsWith("functions/"));
    expect(imports.length).toBeGreaterThan(5);
    expect(imports.filter(({ module, typesOnly }) => !typesOnly || !module.endsWith("/environment"))).toEqual([]);
  });

  test("nobody imports the barrel of a provider package, which costs more than a second", () => {
    const imports = ["lib", "main.ts", "scripts", "bench"].flatMap(importsOf);
    expect(imports.filter(({ module }) => /^@cdktf\/provider-[a-z]+$/.test(module))).toEqual([]);
  });

  test.each(readdirSync("packages"))("packages/%s imports its own files and its dependencies alone", (name) => {
    const folder = join("packages", name);
    const { dependencies = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const sources = readdirSync(join(folder, "src"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => join(folder, "src", file));
    const imports = sources.flatMap((file) =>
      ts.preProcessFile(readFileSync(file, "utf8")).importedFiles.map(({ fileName: module }) => ({ file, module })),
    );
    expect(imports.length).toBeGreaterThan(1);
    const foreign = imports.filter(({ file, module }) => {
      if (module.startsWith("node:")) return false;
      if (module.startsWith(".")) return !normalize(join(file, "..", module)).startsWith(folder);
      const [, packageName = ""] = /^((?:@[^/]+\/)?[^/]+)/.exec(module) ?? [];
      return !Object.hasOwn(dependencies, packageName);
    });
    expect(foreign).toEqual([]);
  });
});
