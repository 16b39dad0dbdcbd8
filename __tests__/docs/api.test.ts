import { spawnSync } from "node:child_process";
import { readDocuments, root } from "./markdown";

const documents = readDocuments();
const page = documents.get("docs/api.md") as string;

test("docs/api.md is what the docstrings say", () => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/ts.mjs", "scripts/api-docs.ts", "--check"], {
    cwd: root,
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
}, 120_000);

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
