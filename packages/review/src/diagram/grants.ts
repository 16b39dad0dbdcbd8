import type { StackResource } from "@cdktf-serverless-ml/terraform-json";
import { emailIn } from "./actors";

/** That somebody has a role on something. */
export interface Grant {
  readonly address: string;
  readonly role: string;
  readonly member: string;
  readonly on: { readonly kind: string; readonly name: string };
}

/** On what a type of grant is, and the attribute that names it. */
const GRANTS: Readonly<Record<string, readonly [kind: string, attribute: string]>> = {
  google_cloud_run_v2_service: ["function", "name"],
  google_cloudfunctions2_function: ["function", "cloud_function"],
  google_cloud_tasks_queue: ["queue", "name"],
  google_project: ["project", "project"],
  google_pubsub_subscription: ["subscription", "subscription"],
  google_pubsub_topic: ["topic", "topic"],
  google_service_account: ["account", "service_account_id"],
  google_storage_bucket: ["bucket", "bucket"],
};

export function grantsOf({ address, type, attributes }: StackResource): Grant[] {
  const [kind, attribute] = GRANTS[type.replace(/_iam_(member|binding)$/, "")] ?? [];
  if (!/_iam_(member|binding)$/.test(type) || !kind || !attribute) return [];
  const members: unknown[] = attributes.members ?? [attributes.member];
  return members.flatMap((member) =>
    typeof member === "string" && typeof attributes.role === "string"
      ? [{ address, role: attributes.role, member, on: { kind, name: String(attributes[attribute]) } }]
      : [],
  );
}

/** Whether a member may make a service account's token be presented. */
export function mayActAs(grants: readonly Grant[], member: string, email: string): boolean {
  return grants.some(
    (grant) =>
      grant.role === "roles/iam.serviceAccountUser" &&
      grant.on.kind === "account" &&
      emailIn(grant.on.name) === email &&
      grant.member === member,
  );
}
