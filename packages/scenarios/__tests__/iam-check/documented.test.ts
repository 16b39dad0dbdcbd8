import type { Stack, StackResource } from "@cdktf-serverless-ml/terraform-json";
import { readBindings } from "../../../emulator/src/iam";
import { documented } from "../../src/iam-check/documented";
import { removableGrants } from "../../src/iam-check/grants";

const PROJECT = "acme-ml";
const email = (name: string) => `${name}@${PROJECT}.iam.gserviceaccount.com`;
const member = (name: string) => `serviceAccount:${email(name)}`;

function resource(type: string, name: string, attributes: object): StackResource {
  return { address: `${type}.${name}`, type, id: name, attributes, configured: [], dependsOn: [] };
}

/** Names of the grants that meet a documented requirement. */
function documentedOf(resources: readonly StackResource[], temporary: readonly string[] = []): string[] {
  const { bindings, problems } = readBindings(resources, PROJECT);
  expect(problems).toEqual([]);
  const grants = removableGrants({ resources, defaults: { project: PROJECT } } as Stack, bindings);
  expect(grants).toHaveLength(bindings.length);
  return grants.flatMap((grant) => {
    const requirement = documented(grant, { project: PROJECT, resources, bindings, temporary });
    if (requirement) expect(requirement.source).toMatch(/^https:\/\/cloud\.google\.com\//);
    return requirement ? [grant.address.split(".")[1] ?? ""] : [];
  });
}

test("the launcher of Dataflow jobs needs to write to their temporary bucket, and to no other; no other account does", () => {
  const on = (name: string, bucket: string, who: string, role = "roles/storage.objectUser") =>
    resource("google_storage_bucket_iam_member", name, { bucket, role, member: member(who) });
  const resources = [
    resource("google_project_iam_member", "developer", {
      role: "roles/dataflow.developer",
      member: member("launcher"),
    }),
    on("temporary", "temp", "launcher"),
    on("reads", "temp", "launcher", "roles/storage.objectViewer"),
    on("other-bucket", "output", "launcher"),
    on("other-member", "temp", "worker"),
  ];
  expect(documentedOf(resources, ["temp"])).toEqual(["temporary"]);
  expect(documentedOf(resources)).toEqual([]);
});

test("Pub/Sub's service agent needs to create tokens of push identities, and of no other; no other account does", () => {
  const agent = "serviceAccount:service-1@gcp-sa-pubsub.iam.gserviceaccount.com";
  const role = "roles/iam.serviceAccountOpenIdTokenCreator";
  const on = (name: string, account: string, who: string) =>
    resource("google_service_account_iam_member", name, {
      service_account_id: `projects/${PROJECT}/serviceAccounts/${email(account)}`,
      role,
      member: who,
    });
  const push = (form: (block: object) => object) =>
    resource("google_pubsub_subscription", "push", {
      push_config: form({ oidc_token: form({ service_account_email: email("caller") }) }),
    });
  const grants = [on("presented", "caller", agent), on("other", "worker", agent), on("person", "caller", member("o"))];
  expect(documentedOf([push((block) => block), ...grants])).toEqual(["presented"]);
  expect(documentedOf([push((block) => [block]), ...grants])).toEqual(["presented"]);
  expect(documentedOf(grants)).toEqual([]);
});

test("Cloud Storage's group may write usage logs to the bucket that a bucket names for them, and to no other", () => {
  const on = (name: string, bucket: string, who: string, role = "roles/storage.objectCreator") =>
    resource("google_storage_bucket_iam_member", name, { bucket, role, member: who });
  const group = "group:cloud-storage-analytics@google.com";
  const grants = [
    on("logs", "logs", group),
    on("reads", "logs", group, "roles/storage.objectViewer"),
    on("other-bucket", "other", group),
    on("other-member", "logs", member("worker")),
  ];
  const logged = resource("google_storage_bucket", "data", { name: "data", logging: { log_bucket: "logs" } });
  expect(documentedOf([logged, ...grants])).toEqual(["logs"]);
  expect(documentedOf(grants)).toEqual([]);
});
