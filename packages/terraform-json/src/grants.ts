import { RESOURCE_TYPES } from "./google";
import type { Attributes, IamFamily } from "./google/resource-type";
import { emailOf } from "./service-accounts";

/** A member's role on a resource. */
export interface Grant {
  /** Of the Terraform resource that grants. */
  readonly address: string;
  readonly role: string;
  /** Such as `serviceAccount:EMAIL` or `allUsers`. */
  readonly member: string;
  readonly on: {
    /** The Terraform type; the likeliest where several can be meant, see `StackIndex.grants`. */
    readonly type: string;
    /** As the grant names it: a name or a full name. */
    readonly name: string;
    /** `projects/P`, `projects/_/buckets/B`, … */
    readonly fullName: string;
  };
}

interface Granting {
  readonly address: string;
  readonly type: string;
  readonly attributes: Attributes;
}

/** How a type grants; undefined for a type that does not, or whose family is not known. */
export function granting(
  type: string,
):
  | { readonly family: IamFamily; readonly on: readonly string[]; readonly membersIn: "member" | "members" }
  | undefined {
  const [, base = "", form] = /^(.+)_iam_(member|binding)$/.exec(type) ?? [];
  const family = RESOURCE_TYPES.get(base)?.iam;
  return family && { family, on: family.on ?? [base], membersIn: form === "member" ? "member" : "members" };
}

/** What a resource grants, by members; nothing where its role or what it grants on is not known. */
export function grantsOf({ address, type, attributes }: Granting, project: string): Grant[] {
  const found = granting(type);
  const role = attributes.role;
  if (!found || typeof role !== "string") return [];
  const {
    family,
    on: [on = ""],
    membersIn,
  } = found;
  const name = attributes[family.name] ?? (family.name === "project" ? project : undefined);
  const members = [attributes[membersIn] ?? []].flat();
  if (typeof name !== "string") return [];
  const fullName = family.resource(attributes, project);
  return members
    .filter((member) => typeof member === "string")
    .map((member) => ({ address, role, member, on: { type: on, name, fullName } }));
}

/**
 * Permissions of the custom roles that a stack makes, by the roles' full names; of one that is
 * disabled, none.
 */
export function customRoles(resources: readonly Granting[], project: string): ReadonlyMap<string, readonly string[]> {
  return new Map(
    resources
      .filter(({ type }) => type === "google_project_iam_custom_role")
      .map(({ attributes: a }) => [
        `projects/${a.project ?? project}/roles/${a.role_id}`,
        a.stage === "DISABLED" || !Array.isArray(a.permissions) ? [] : a.permissions,
      ]),
  );
}

/** Whether a member may make a service account's token be presented. */
export function mayActAs(grants: readonly Grant[], member: string, email: string): boolean {
  return grants.some(
    (grant) =>
      grant.role === "roles/iam.serviceAccountUser" &&
      grant.on.type === "google_service_account" &&
      emailOf(grant.on.name) === email &&
      grant.member === member,
  );
}
