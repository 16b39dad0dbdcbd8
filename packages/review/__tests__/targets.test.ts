import type { Change, Json, Value } from "../src/change";
import { sameTarget, targetOf } from "../src/target";
import { commentOf, plan } from "./support";

const change = (before: Json, more: Partial<Change> = {}): Change => ({
  stack: "shop",
  address: "a.b",
  type: "a",
  action: "delete",
  before,
  forcedBy: [],
  ...more,
});
const target = (kind: string, before: Json, more: Partial<Change> = {}) =>
  targetOf(change(before, more), kind, "before");

describe("a grant is on what its attributes name, apart from member and role", () => {
  test("the same grant on another resource of any kind is gained there", () => {
    const text = commentOf(plan("iam-other-targets"));
    expect(text).toMatch(/^🟡 \*\*Needs attention\*\*: 22 grants gained or lost/);
    for (const on of [
      "bigquery table `sales/customers` in project `acme-prod`",
      "cloud run v2 service `api` in location `europe-west1`, project `acme-ml`",
      "compute subnetwork `jobs` in location `us-central1`, project `acme-prod`",
      "kms key ring `r` in location `us-central1`, project `acme-prod`",
      "pubsub topic `t` in project `acme-prod`",
      "secret manager secret `model-key-prod`",
      "service account `trainer@acme-prod.iam.gserviceaccount.com`",
      "spanner database `orders-prod/customers`",
      "spanner instance `orders-prod`",
      "storage bucket `acme-prod-models`",
      "storage bucket `acme-prod-results`",
    ]) {
      const [row, ...more] = text.split("\n").filter((line) => line.includes(`| ${on} |`));
      expect([row, ...more]).toEqual([expect.stringMatching(/^\| (⚠️ )?gains \|/)]);
    }
  });

  test("an owner of another project is one more owner", () => {
    expect(commentOf(plan("iam-other-project"))).toMatch(
      /^🟡 \*\*Needs attention\*\*.*\n(?:.*\n)*.*\| ⚠️ gains \| `serviceAccount:worker@acme-ml\S+` \| `roles\/owner` \| project `acme-prod` \|/,
    );
  });

  // The provider suppresses the difference of the two forms within one resource:
  // google/tpgresource/self_link_helpers.go.
  test.each<[string, Json, Json]>([
    ["pubsub_topic", { topic: "projects/p/topics/t", project: "p" }, { topic: "t", project: "p" }],
    ["storage_bucket", { bucket: "b/acme" }, { bucket: "acme" }],
    ["folder", { folder: "folders/12" }, { folder: "12" }],
    [
      "cloud_run_v2_service",
      { name: "projects/p/locations/l/services/api" },
      { name: "api", location: "l", project: "p" },
    ],
  ])("%s: names in the short and the long form are one", (kind, long, short) => {
    expect(sameTarget(target(kind, long))).toBe(sameTarget(target(kind, short)));
  });

  test.each<[string, Json, Json]>([
    ["never_heard_of", { never: "a", heard: "x" }, { never: "b", heard: "x" }],
    ["kms_crypto_key", { crypto_key_id: "p/l/r/k" }, { crypto_key_id: "p/l/r2/k" }],
    ["healthcare_dataset", { dataset_id: "p/l/a" }, { dataset_id: "p2/l/a" }],
    ["compute_instance", { instance_name: "a", zone: "us-b" }, { instance_name: "a", zone: "us-c" }],
    ["dataproc_job", { job_id: "a", region: "r", project: "p" }, { job_id: "a", region: "r", project: "q" }],
    ["spanner_database", { instance: "a", database: "d" }, { instance: "b", database: "d" }],
  ])("%s: other names are another one", (kind, one, other) => {
    expect(sameTarget(target(kind, one))).not.toBe(sameTarget(target(kind, other)));
  });

  test("member, role, condition and etag do not count", () => {
    const itself = { role: "r", member: "m", members: ["m"], condition: [{ title: "t" }], etag: "e", id: "i" };
    expect(sameTarget(target("storage_bucket", { bucket: "b", ...itself }))).toBe(
      sameTarget(target("storage_bucket", { bucket: "b" })),
    );
  });

  test("a project that is left out is the provider's", () => {
    const json: Record<string, Value> = structuredClone(plan("iam-same-targets"));
    expect(commentOf(json)).toContain("The same grant is created and removed in one apply");
    json.configuration.provider_config.google.expressions.project = { references: ["var.project"] };
    json.variables = { project: { value: "acme-ml" } };
    expect(commentOf(json)).toContain("The same grant is created and removed in one apply");
    json.variables.project.value = "acme-prod";
    expect(commentOf(json)).toContain("| pubsub topic `t` in project `acme-ml` |");
  });
});
