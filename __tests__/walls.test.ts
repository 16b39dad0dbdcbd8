import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, normalize } from "node:path";

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

const OWN = /^(bench|cli|functions|lib|local|main|review|scripts|terraform)(\/|$)/;
const CDKTF = /^(@cdktf|cdktf|constructs)(\/|$)/;

/** [what, the parts of the project that it may import, whether it may import cdktf] */
const WALLS: [string, RegExp, boolean][] = [
  ["lib/core", /^lib\/core\//, true],
  ["lib/parts", /^lib\/(core|parts)\//, true],
  ["lib/patterns", /^lib\/(core|parts)\/|^lib\/patterns\/(worker|pipeline-graph)$/, true],
  ["lib/stacks", /^lib\/(core|parts|patterns|settings)|^lib\/stacks\/outputs$/, true],
  ["functions", /^functions\//, false],
  ["terraform", /^terraform\//, false],
  ["local", /^(cli|local|terraform)(\/|$)/, false],
  ["review", /^(cli|review|terraform)(\/|$)/, false],
  ["cli", /^cli\//, false],
];

describe("the walls of the house", () => {
  it.each(WALLS)("%s imports only what lies below it", (folder, allowed, mayUseCdktf) => {
    const imports = importsOf(folder);
    expect(imports.length).toBeGreaterThan(5);
    const running = imports.filter(({ typesOnly }) => !typesOnly);
    expect(running.filter(({ module }) => OWN.test(module) && !allowed.test(module))).toEqual([]);
    if (!mayUseCdktf) expect(imports.filter(({ module }) => CDKTF.test(module))).toEqual([]);
  });

  it("lib knows of functions only the types of their environment", () => {
    const imports = importsOf("lib").filter(({ module }) => module.startsWith("functions/"));
    expect(imports.length).toBeGreaterThan(5);
    expect(imports.filter(({ module, typesOnly }) => !typesOnly || !module.endsWith("/environment"))).toEqual([]);
  });

  it("nobody imports the barrel of a provider package, which costs more than a second", () => {
    const imports = ["lib", "main.ts", "scripts", "bench"].flatMap(importsOf);
    expect(imports.filter(({ module }) => /^@cdktf\/provider-[a-z]+$/.test(module))).toEqual([]);
  });
});
