import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DESCRIPTIONS } from "@cdktf-serverless-ml/emulator";

/**
 * Writes roles.json from a checkout of github.com/jdyke/gcp_iam_update_bot. Its `roles/` holds
 * Google's own description of each predefined role (`gcloud iam roles describe`), one JSON file
 * each.
 *
 * Usage: `node scripts/ts.mjs scripts/extract-roles.ts <checkout> <its commit>`
 */
interface Role {
  readonly name: string;
  readonly includedPermissions?: readonly string[];
}

/**
 * Permissions to keep besides those that emulated services check. They belong to the same services,
 * so that the number of a role's permissions still shows how broad it is. An entry that ends in a
 * dot is a prefix.
 */
const NEIGHBOURS = [
  "aiplatform.batchPredictionJobs.",
  "aiplatform.customJobs.",
  "cloudscheduler.jobs.",
  "cloudtasks.",
  "dataflow.jobs.",
  "dataflow.messages.",
  "dataflow.metrics.",
  "dataflow.workItems.",
  "iam.serviceAccounts.getAccessToken",
  "iam.serviceAccounts.getOpenIdToken",
  "pubsub.",
  "run.executions.",
  "run.jobs.",
  "run.operations.",
  "run.tasks.",
  "storage.buckets.",
  "storage.multipartUploads.",
  "storage.objects.",
  "workflows.executions.",
  "workflows.workflows.",
];
const KEPT = [...DESCRIPTIONS.flatMap(({ permissions }) => permissions), ...NEIGHBOURS];
/** Services whose roles serverless stacks use. */
const SERVICES =
  /^(aiplatform|artifactregistry|bigquery|cloudbuild|cloudfunctions|cloudkms|cloudscheduler|cloudtasks|cloudtrace|dataflow|errorreporting|eventarc|iam|logging|monitoring|pubsub|run|secretmanager|serviceusage|storage|workflows)\./;
const BASIC = ["viewer", "editor", "owner", "browser"];
/** Google's service agents that act in a run. */
const AGENTS = [
  "aiplatform.customCodeServiceAgent",
  "aiplatform.serviceAgent",
  "cloudscheduler.serviceAgent",
  "cloudtasks.serviceAgent",
  "dataflow.serviceAgent",
  "pubsub.serviceAgent",
  "run.serviceAgent",
  "workflows.serviceAgent",
];

const [checkout, commit] = process.argv.slice(2);
if (!checkout || !commit) throw new Error("usage: extract-roles.ts <checkout> <commit>");
const folder = join(checkout, "roles");
const roles: { name: string; size: number; permissions: string[] }[] = [];
for (const file of readdirSync(folder).sort()) {
  const isAgent = /[sS]erviceAgent$/.test(file);
  if (isAgent ? !AGENTS.includes(file) : !SERVICES.test(file) && !BASIC.includes(file)) continue;
  const { name, includedPermissions = [] } = JSON.parse(readFileSync(join(folder, file), "utf8")) as Role;
  const permissions = includedPermissions.filter((permission) =>
    KEPT.some((kept) => (kept.endsWith(".") ? permission.startsWith(kept) : permission === kept)),
  );
  roles.push({ name, size: includedPermissions.length, permissions });
}
const source = `github.com/jdyke/gcp_iam_update_bot at ${commit}, roles/: a copy of gcloud iam roles describe`;
const note =
  "The narrowest role first, by all its permissions; of these, only those are kept that a local run may check. A role without any grants nothing here.";
roles.sort((a, b) => a.size - b.size || (a.name < b.name ? -1 : 1));
const byName = Object.fromEntries(roles.map(({ name, permissions }) => [name, permissions]));
writeFileSync(
  join("packages", "emulator", "src", "iam", "roles.json"),
  JSON.stringify({ source, note, roles: byName }, undefined, 2),
);
