import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shareable } from "../../../scripts/plan-files";
import type { Json, Value } from "../src/change";
import { readPlan } from "../src/plan";
import { review } from "../src/review";
import { commentOf, plan } from "./support";

/** A plan that changes nothing, with something more. */
function withMore(edit: (json: Record<string, Value>) => void, name = "no-changes"): Json {
  const json: Record<string, Value> = structuredClone(plan(name));
  edit(json);
  return json;
}

describe("a plan with a part that is not understood is partial, never safe, and names the part", () => {
  // Terraform 1.14 added the first two: developer.hashicorp.com/terraform/internals/json-format
  test.each<[string, (json: Record<string, Value>) => void, string]>([
    [
      "actions",
      (json) => Object.assign(json, { action_invocations: [{ address: "action.aws_lambda_invoke.x" }] }),
      "`action_invocations` of the plan of `shop` is not understood.",
    ],
    [
      "deferred actions",
      (json) => Object.assign(json, { deferred_action_invocations: [{}] }),
      "`deferred_action_invocations` of the plan of `shop` is not understood.",
    ],
    [
      "a key of a resource",
      ({ resource_changes: [resource] }) => Object.assign(resource, { ephemeral: true }),
      "`resource.ephemeral` of `terraform_data.a` of the plan of `shop` is not understood.",
    ],
    [
      "a key of a change",
      ({ resource_changes: [{ change }] }) => Object.assign(change, { recreates: true }),
      "`change.recreates` of `terraform_data.a` of the plan of `shop` is not understood.",
    ],
    [
      "a key of an import",
      ({ resource_changes: [{ change }] }) => Object.assign(change, { importing: { id: "x", by: "y" } }),
      "`importing.by` of `terraform_data.a` of the plan of `shop` is not understood.",
    ],
    [
      "a key of an output",
      (json) => Object.assign(json, { output_changes: { url: { actions: ["no-op"], ephemeral: true } } }),
      "`change.ephemeral` of `output.url` of the plan of `shop` is not understood.",
    ],
    [
      "a mode",
      ({ resource_changes: [resource] }) => Object.assign(resource, { mode: "list" }),
      "`mode list` of `terraform_data.a` of the plan of `shop` is not understood.",
    ],
    [
      "a newer format",
      (json) => Object.assign(json, { format_version: "1.3" }),
      "The format `1.3` of the plan of `shop` is newer than 1.2, the newest that is understood.",
    ],
    [
      "changes that are deferred",
      (json) =>
        Object.assign(json, {
          deferred_changes: [{ reason: "provider_config_unknown", resource_change: { address: "a.b", change: {} } }],
        }),
      "`shop a.b` is deferred to a later plan (`provider_config_unknown`).",
    ],
    [
      "what is not complete",
      (json) => Object.assign(json, { complete: false }),
      "The plan of `shop` is not complete: Terraform deferred some of its changes.",
    ],
  ])("%s", (_, edit, message) => {
    // Nor is it lost where the plan leaves the job that made it.
    for (const json of [withMore(edit), shareable(withMore(edit))]) {
      const text = commentOf(json);
      expect(text).toMatch(
        /^🟠 \*\*Partial\*\*: (no changes|1 imported); parts that were not understood may contain more\.\n/,
      );
      expect(text).toContain(`\n> ${message}\n`);
    }
  });

  test("what is worse than partial stays so", () => {
    const json = withMore((each) => Object.assign(each, { action_invocations: [] }), "queue-deleted");
    expect(commentOf(json)).toMatch(/^🔴 \*\*Destroys data\*\*/);
  });

  test("a check that fails needs a look", () => {
    expect(commentOf(plan("check-fails"))).toMatch(
      /^🟡 \*\*Needs attention\*\*: no changes\.\n\n> The check `shop check\.healthy` fails: `a is not 1`\.\n/,
    );
  });
});

describe("imports are named by whatever they are imported by", () => {
  test.each<[string, Json, string]>([
    ["an id", { id: "x" }, "- `terraform_data.a` imported by `x`\n"],
    [
      "an identity",
      { identity: { project: "acme", name: "t" } },
      '- `terraform_data.a` imported by `{"project":"acme","name":"t"}`\n',
    ],
    [
      "what is known only after the apply",
      { unknown: true },
      "- `terraform_data.a` imported by an id that is known only after the apply\n",
    ],
  ])("%s", (_, importing, line) => {
    expect(commentOf(withMore(({ resource_changes: [{ change }] }) => Object.assign(change, { importing })))).toContain(
      line,
    );
  });
});

test.each(["a]b", 'say \\"hi\\"', "x.y"])("a key of for_each may hold anything: %s", (key) => {
  const text = commentOf(plan("for-each-keys"));
  expect(text).toContain(
    `- \`terraform_data.a["${key}"]\`\n  - \`input.unknown\`: \`1\` → (known after apply, from \`each.value\`, \`terraform_data.b.output\`)\n`,
  );
});

describe("a plan is read in whatever encoding a shell redirects to a file", () => {
  const bigEndian = (text: string) => Buffer.from(text, "utf16le").swap16();
  test.each<[string, (text: string) => Buffer]>([
    ["UTF-8", (text) => Buffer.from(text)],
    ["UTF-8 with a byte order mark", (text) => Buffer.from(`\uFEFF${text}`)],
    ["UTF-16, as PowerShell 5 writes", (text) => Buffer.from(`\uFEFF${text}`, "utf16le")],
    ["UTF-16 without a mark", (text) => Buffer.from(text, "utf16le")],
    ["UTF-16, big endian", (text) => bigEndian(`\uFEFF${text}`)],
    ["UTF-16, big endian without a mark", bigEndian],
  ])("%s", (_, encode) => {
    const folder = mkdtempSync(join(tmpdir(), "plan-"));
    try {
      const file = join(folder, "shop.json");
      writeFileSync(file, encode(JSON.stringify(plan("for-each-keys"))));
      expect(review([readPlan(file)]).hazards.map(({ address }) => address)).toEqual(['terraform_data.a["ünï"]']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
