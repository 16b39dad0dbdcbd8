import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import * as emulator from "../src";
import { smallStack } from "./support/small-stack";

const page = readFileSync(join(__dirname, "..", "README.md"), "utf8");

test("the snippet runs", async () => {
  const [, source = ""] = /```ts\n([\s\S]*?)```/.exec(page) ?? [];
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  });
  const exported: { main?: (folder: string) => Promise<string[]> } = {};
  new Function("require", "exports", "console", outputText)(() => emulator, exported, { log: () => {} });
  const stack = smallStack();
  try {
    expect(await exported.main?.(stack.folder)).toEqual(["hello.zip", "hello.txt"]);
  } finally {
    stack.remove();
  }
});

test("the table has all folders", () => {
  const folders = readdirSync(join(__dirname, "..", "src"), { withFileTypes: true }).filter((each) =>
    each.isDirectory(),
  );
  const named = [...page.matchAll(/^\| ((?:`[\w-]+`(?:, )?)+) \|/gm)].flatMap(
    ([, names = ""]) => names.match(/[\w-]+/g) ?? [],
  );
  expect(named.sort()).toEqual(folders.map(({ name }) => name).sort());
});
