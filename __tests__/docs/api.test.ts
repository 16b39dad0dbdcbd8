import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { deepOnly } from "../support/deep";
import { codeIn, readDocuments, root } from "./markdown";

const documents = readDocuments();
const page = documents.get("docs/api.md") as string;
/**
 * The entries of the library by name: functions have brackets behind their names, classes may be
 * abstract.
 */
const entries = new Map(
  (page.split(/^## cdktf-serverless-ml\//m)[0] as string)
    .split(/^### /m)
    .slice(1)
    .map((text) => [/^(?:`abstract` )?([\w\\]+)/.exec(text)?.[1]?.replaceAll("\\", "") ?? "", text]),
);
const parse = (path: string) =>
  ts.createSourceFile(path, readFileSync(join(root, path), "utf8"), ts.ScriptTarget.ES2022);

/** The exported names of lib/index.ts, with the file of each. */
const exported = parse("lib/index.ts").statements.flatMap((statement) => {
  if (!ts.isExportDeclaration(statement) || !statement.exportClause || !ts.isNamedExports(statement.exportClause)) {
    return [];
  }
  const file = join("lib", `${(statement.moduleSpecifier as ts.StringLiteral).text}.ts`);
  return statement.exportClause.elements.map(({ name }) => ({ name: name.text, file }));
});

// Reading all types takes five seconds: the short form looks at names, which is what is forgotten
// most.
test("docs/api.md has what lib/index.ts exports, and no more", () => {
  expect([...entries.keys()].sort()).toEqual(exported.map(({ name }) => name).sort());
});

test("docs/api.md has the properties of each exported interface", () => {
  const interfaces = exported.flatMap(({ name, file }) => {
    const found = parse(file).statements.find((node) => ts.isInterfaceDeclaration(node) && node.name.text === name);
    return found ? [found as ts.InterfaceDeclaration] : [];
  });
  expect(interfaces.length).toBeGreaterThan(20);
  for (const { name, members } of interfaces) {
    const documented = codeIn(entries.get(name.text) ?? "").map((code) => code.replace("?", ""));
    const own = members.filter(ts.isPropertySignature).map((member) => (member.name as ts.Identifier).text);
    expect({ interface: name.text, missing: own.filter((each) => !documented.includes(each)) }).toEqual({
      interface: name.text,
      missing: [],
    });
  }
});

test("docs/api.md has every module that a page tells to import", () => {
  const imported = [...documents.values()].flatMap((text) =>
    [...text.matchAll(/from "(cdktf-serverless-ml\/[^"]+)"/g)].map(([, module]) => module as string),
  );
  const headings = [...page.matchAll(/^## (cdktf-serverless-ml\/.*)$/gm)].map(([, module]) => module);
  expect(imported.length).toBeGreaterThan(10);
  expect(headings).toEqual(expect.arrayContaining(imported));
});

test("docs/api.md has no addresses of sources and no folders of this machine", () => {
  expect(page).not.toContain("Defined in");
  expect(page).not.toContain(root);
});

deepOnly(() => {
  test("docs/api.md is what the docstrings say", () => {
    const { status, stderr } = spawnSync(process.execPath, ["scripts/ts.mjs", "scripts/api-docs.ts", "--check"], {
      cwd: root,
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  }, 120_000);
});
