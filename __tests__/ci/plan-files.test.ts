import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digest, shareable } from "../../scripts/plan-files";
import { ROOT, removeFolders, run, temporaryFolder } from "../synth/project-copy";

afterAll(removeFolders);

const bucket = {
  address: "google_storage_bucket.b",
  mode: "managed",
  type: "google_storage_bucket",
  name: "b",
  change: {
    actions: ["update"],
    before: { name: "b", labels: { a: "1", b: "2" }, key: "old secret", nested: [{ token: "same secret" }] },
    after: { name: "b", labels: { a: "1", b: "3" }, key: "new secret", nested: [{ token: "same secret" }] },
    after_unknown: {},
    before_sensitive: { key: true, nested: [{ token: true }] },
    after_sensitive: { key: true, nested: [{ token: true }] },
  },
};
const idle = {
  address: "google_storage_bucket.a",
  mode: "managed",
  type: "google_storage_bucket",
  name: "a",
  change: { actions: ["no-op"], before: { name: "a" }, after: { name: "a", note: "a variable secret" } },
};
const plan = {
  format_version: "1.2",
  terraform_version: "1.11.4",
  timestamp: "2026-11-21T10:00:00Z",
  variables: { password: { value: "variable secret" } },
  planned_values: { root_module: { resources: [{ values: { key: "new secret" } }] } },
  prior_state: { values: { root_module: { resources: [{ values: { key: "old secret" } }] } } },
  resource_changes: [idle, bucket],
  output_changes: {
    shown: { actions: ["create"], before: null, after: "url", before_sensitive: false, after_sensitive: false },
    hidden: {
      actions: ["create"],
      before: null,
      after: "output secret",
      before_sensitive: false,
      after_sensitive: true,
    },
  },
  configuration: {
    root_module: {
      variables: { password: { sensitive: true, default: "variable secret" } },
      resources: [{ mode: "managed", type: "a", name: "b", expressions: { key: { constant_value: "new secret" } } }],
    },
  },
};
type Change = Partial<(typeof bucket)["change"]>;
const changed = (change: Change) => ({
  ...plan,
  resource_changes: [idle, { ...bucket, change: { ...bucket.change, ...change } }],
});

describe("the digest", () => {
  test.each([
    ["at another time", { ...plan, timestamp: "2026-11-22T11:00:00Z" }],
    ["with another state", { ...plan, prior_state: {} }],
    ["in another order", { ...plan, resource_changes: [bucket, idle] }],
    ["with keys in another order", changed({ after: { ...bucket.change.after, labels: { b: "3", a: "1" } } })],
    [
      "with more that stays",
      { ...plan, resource_changes: [idle, bucket, { ...idle, address: "google_storage_bucket.c" }] },
    ],
  ])("is the same for a plan %s", (_, other) => {
    expect(digest(other)).toBe(digest(plan));
  });

  test.each([
    ["another value after", changed({ after: { ...bucket.change.after, key: "third secret" } })],
    ["another value before", changed({ before: { ...bucket.change.before, name: "c" } })],
    ["another action", changed({ actions: ["delete", "create"] })],
    ["one resource less", { ...plan, resource_changes: [idle] }],
    ["another output", { ...plan, output_changes: { shown: plan.output_changes.shown } }],
    ["a move", { ...plan, resource_changes: [{ ...idle, previous_address: "google_storage_bucket.z" }, bucket] }],
  ])("is another for %s", (_, other) => {
    expect(digest(other)).not.toBe(digest(plan));
  });
});

describe("what leaves the job", () => {
  test("has no sensitive value, no state and no variables", () => {
    const text = JSON.stringify(shareable(plan));
    expect(text).not.toContain("secret");
    expect(Object.keys(shareable(plan)).sort()).toEqual([
      "configuration",
      "format_version",
      "output_changes",
      "resource_changes",
      "terraform_version",
    ]);
  });

  test("keeps Terraform's own words, whatever a secret is", () => {
    const json = { ...plan, variables: { password: { value: "google" } } };
    const [, { type, mode, change }] = shareable(json).resource_changes;
    expect({ type, mode, actions: change.actions }).toEqual({
      type: "google_storage_bucket",
      mode: "managed",
      actions: ["update"],
    });
  });

  test("says which project a provider puts in, and nothing else of it", () => {
    const expressions = {
      project: { references: ["var.project"] },
      region: { constant_value: "us-central1" },
      access_token: { constant_value: "ya29" },
    };
    const configuration = { ...plan.configuration, provider_config: { google: { expressions } } };
    const json = { ...plan, variables: { project: { value: "acme" } }, configuration };
    expect(shareable(json).configuration.provider_config).toEqual({
      google: { expressions: { project: { constant_value: "acme" }, region: { constant_value: "us-central1" } } },
    });
  });

  test("still says which sensitive values change", () => {
    const [, { change }] = shareable(plan).resource_changes;
    expect(change.before.key).toMatch(/^sensitive [0-9a-f]{64}$/);
    expect(change.after.key).not.toBe(change.before.key);
    expect(change.after.nested).toEqual(change.before.nested);
    expect(change.after).toMatchObject({ name: "b", labels: { a: "1", b: "3" } });
  });

  test("cannot be compared with another run's", () => {
    const keys = [shareable(plan), shareable(plan)].map(({ resource_changes: [, { change }] }) => change.after.key);
    expect(keys[0]).not.toBe(keys[1]);
  });

  test("is written under the stack's name", () => {
    const place = temporaryFolder("ci-plan");
    mkdirSync(join(place, "async-batch"));
    const file = join(place, "async-batch", "plan.json");
    const out = join(place, "reviewable");
    writeFileSync(file, JSON.stringify(plan));
    run("node", ["scripts/ts.mjs", "scripts/ci-plan.ts", file, out], ROOT);
    expect(readdirSync(out).sort()).toEqual(["async-batch.json", "async-batch.sha256"]);
    expect(readFileSync(join(out, "async-batch.sha256"), "utf8")).toBe(`${digest(plan)}\n`);
  });

  test("is nothing when the file is no plan", () => {
    const place = temporaryFolder("no plan");
    const file = join(place, "plan.json");
    writeFileSync(file, "[]");
    expect(() => run("node", ["scripts/ts.mjs", "scripts/ci-plan.ts", file, join(place, "out")], ROOT)).toThrow(
      expect.objectContaining({
        status: 1,
        stderr: `${file} is not what terraform show -json writes of a plan: it has no format_version\n`,
      }),
    );
  });
});
