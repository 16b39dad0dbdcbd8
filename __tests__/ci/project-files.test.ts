import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { ROOT } from "../synth/project-copy";

const read = (...path: string[]) => readFileSync(join(ROOT, ...path), "utf8");

test(".nvmrc names a version of Node.js that the hosted check uses", () => {
  const { matrix } = parse(read(".github", "workflows", "check.yml")).jobs.check.strategy;
  expect(matrix.node).toContain(Number(read(".nvmrc")));
});

test("updates are proposed for packages, workflows and every action of ours, but not for what is archived", () => {
  const { updates } = parse(read(".github", "dependabot.yml"));
  const [npm, actions] = ["npm", "github-actions"].map((ecosystem) =>
    updates.find((update: Record<string, unknown>) => update["package-ecosystem"] === ecosystem),
  );
  expect(npm.directory).toBe("/");
  const ignored = npm.ignore.map((rule: Record<string, string>) => rule["dependency-name"]);
  expect(ignored).toEqual(expect.arrayContaining(["cdktf", "cdktf-cli", "@cdktf/*"]));
  const folders = readdirSync(join(ROOT, ".github", "actions")).map((name) => `/.github/actions/${name}`);
  expect(actions.directories).toEqual(["/", ...folders]);
});

test.each(readdirSync(join(ROOT, ".github", "ISSUE_TEMPLATE")).filter((name) => name !== "config.yml"))(
  "the issue form %s asks for something under labels of its own",
  (name) => {
    const { body, ...form } = parse(read(".github", "ISSUE_TEMPLATE", name));
    expect(form).toMatchObject({ name: expect.any(String), description: expect.any(String) });
    const fields = body.filter(({ type }: { type: string }) => type !== "markdown");
    const ids = fields.map(({ id }: { id: string }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { attributes } of fields) expect(attributes.label).toEqual(expect.any(String));
  },
);

test("what the pull request template names is there", () => {
  const template = read(".github", "pull_request_template.md");
  for (const [file] of template.matchAll(/\b[A-Z]+\.md\b/g)) expect(existsSync(join(ROOT, file))).toBe(true);
});
