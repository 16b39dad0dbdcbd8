import { FunctionHost } from "../../../local/functions";
import { documented, type Seen } from "../../../local/prove/documented";
import { grantsOf } from "../../../local/prove/grants";
import { load } from "../../../local/run/load";
import { SIMULATED_SERVICES } from "../../../local/run/stand-ins";
import { changed, synthesized } from "../run/synthesized";

const stacks = synthesized();
afterAll(() => stacks.remove());

/** Addresses of what is documented, by the beginning of why. */
function documentedOf(folder: string, temporary: readonly string[] = []): [string, string][] {
  const { stack, bindings } = load(folder, [FunctionHost.simulated, ...SIMULATED_SERVICES]);
  const seen: Seen = { project: stack.defaults.project, resources: stack.resources, bindings, temporary };
  return grantsOf(stack, bindings).flatMap((grant): [string, string][] => {
    const requirement = documented(grant, seen);
    if (!requirement) return [];
    expect(requirement.source).toMatch(/^https:\/\/cloud\.google\.com\//);
    return [[grant.address.replace(/_[0-9A-F]{8}$/, ""), requirement.why.split(" ")[0] ?? ""]];
  });
}

test("who launches Dataflow jobs may write to their temporary bucket, and to no other", () => {
  const folder = stacks.stack("scheduled-preprocessing");
  const temp = "my-gcp-project-scheduled-preprocessing-temp-dev";
  const launcher = "google_storage_bucket_iam_member.preprocessing_temp_objectUser-preprocessing-launcher-identity";
  expect(documentedOf(folder, [temp])).toEqual([[launcher, "Dataflow"]]);
  expect(documentedOf(folder, ["another-bucket"])).toEqual([]);
});

test("Pub/Sub's agent may make tokens of what its subscriptions present, and of nobody else", () => {
  const folder = changed(stacks.stack("event-workflow"), ({ resource }) => {
    const [agent] = Object.values<{ member: string }>(resource.google_pubsub_subscription_iam_member);
    const [push] = Object.values<{ push_config?: object }>(resource.google_pubsub_subscription).flatMap(
      ({ push_config }) => push_config ?? [],
    ) as { oidc_token: { service_account_email: string } }[];
    const account = (email: string) => `projects/my-gcp-project/serviceAccounts/${email}`;
    const grant = { role: "roles/iam.serviceAccountOpenIdTokenCreator", member: agent?.member };
    resource.google_service_account_iam_member = {
      presented: { ...grant, service_account_id: account(push?.oidc_token.service_account_email ?? "") },
      other: { ...grant, service_account_id: account("other@my-gcp-project.iam.gserviceaccount.com") },
    };
  });
  expect(documentedOf(folder)).toEqual([["google_service_account_iam_member.presented", "Pub/Sub's"]]);
});
