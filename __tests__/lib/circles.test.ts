import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const root = join(__dirname, "../../lib");
const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join(root, name));

/** Files of lib that a file imports, for types or values. */
function importsOf(file: string): string[] {
  return ts
    .preProcessFile(readFileSync(file, "utf8"))
    .importedFiles.filter(({ fileName }) => fileName.startsWith("."))
    .map(({ fileName }) => join(file, "..", `${fileName}.ts`))
    .filter((path) => path.startsWith(root) && existsSync(path));
}

/** Removes files that import only removed ones, until none is left or all that are left are in, or lead to, circles. */
function inCircles(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const left = new Set(imports.keys());
  for (let before = 0; before !== left.size; ) {
    before = left.size;
    for (const file of left) if (!imports.get(file)?.some((other) => left.has(other))) left.delete(file);
  }
  return [...left].map((file) => file.slice(root.length + 1));
}

test("no file of lib imports itself through others, not even for types", () => {
  const imports = new Map(files.map((file) => [file, importsOf(file)]));
  expect([...imports.values()].flat().length).toBeGreaterThan(300);
  expect(inCircles(imports)).toEqual([]);
});

test("a circle is found", () => {
  expect(
    inCircles(new Map([["a"], ["b", "c"], ["c", "b"]].map(([file = "", ...others]) => [file, others]))),
  ).toHaveLength(2);
});
