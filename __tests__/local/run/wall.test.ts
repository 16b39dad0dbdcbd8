import { readdirSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";

/** Modules that the TypeScript files of a folder import, as paths from the project's root where they are relative. */
function importsOf(folder: string): { file: string; module: string }[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|cjs)$/.test(name))
    .flatMap((name) => {
      const file = join(folder, name);
      const text = readFileSync(file, "utf8");
      return [...text.matchAll(/(?:from|import|require\()\s*"([^"]+)"/g)].map(([, module = ""]) => ({
        file,
        module: module.startsWith(".") ? normalize(join(file, "..", module)) : module,
      }));
    });
}

test.each([
  ["local", /^(local|terraform)(\/|$)/],
  ["terraform", /^terraform(\/|$)/],
])("%s reads Terraform JSON and nothing of the project that wrote it", (folder, allowed) => {
  const imports = importsOf(folder);
  expect(imports.length).toBeGreaterThan(5);
  const own = imports.filter(
    ({ file, module }) =>
      /^(\.|lib|functions|review|main|scripts)/.test(module) || module.startsWith(file.split("/")[0] ?? ""),
  );
  expect(own.filter(({ module }) => !allowed.test(module))).toEqual([]);
  expect(imports.filter(({ module }) => /^(cdktf|constructs|@cdktf)/.test(module))).toEqual([]);
});
