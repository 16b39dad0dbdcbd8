import { type Change, isObject, type Value } from "./change";
import { referencesAt } from "./differences";
import { sameTarget, type Target, targetOf } from "./target";

/** A member gains or loses a role, or a custom role gains or loses a permission. */
export interface GrantChange {
  readonly stack: string;
  readonly address: string;
  readonly effect: "gains" | "loses";
  /** The member; undefined for a change of a custom role, which all its holders share. */
  readonly who?: string;
  /** A role; for a change of a custom role, the permission. */
  readonly role: string;
  readonly on: Target;
  /** Why this gives far more access than before; empty where it does not. */
  readonly widening: readonly string[];
}

const IAM = /^google_(.+)_iam_(member|binding|policy)$/;
const CUSTOM_ROLE = /^google_(project|organization)_iam_custom_role$/;

/** Source: cloud.google.com/iam/docs/roles-overview#basic */
const BASIC = new Set(["roles/owner", "roles/editor", "roles/viewer"]);
/** Their holders can act as a service account, or grant any role. */
const IMPERSONATION: Readonly<Record<string, string>> = {
  "roles/iam.serviceAccountTokenCreator": "may act as the service account (tokens)",
  "roles/iam.serviceAccountOpenIdTokenCreator": "may act as the service account (identity tokens)",
  "roles/iam.serviceAccountUser": "may act as the service account (attach it to resources)",
  "roles/iam.serviceAccountKeyAdmin": "may act as the service account (keys)",
  "roles/iam.serviceAccountAdmin": "may let others act as the service account",
  "roles/iam.workloadIdentityUser": "may act as the service account (workload identity)",
  "roles/iam.securityAdmin": "may grant any role",
  "roles/resourcemanager.projectIamAdmin": "may grant any role",
};
const PUBLIC: Readonly<Record<string, string>> = {
  allUsers: "everyone on the internet",
  allAuthenticatedUsers: "everyone with a Google account",
};
/**
 * Roles that hold every permission of others. Source: `gcloud iam roles describe` of each, June
 * 2026.
 */
const MORE_THAN: Readonly<Record<string, readonly string[]>> = {
  "roles/aiplatform.user": ["roles/aiplatform.viewer"],
  "roles/artifactregistry.writer": ["roles/artifactregistry.reader"],
  "roles/dataflow.developer": ["roles/dataflow.viewer"],
  "roles/monitoring.editor": ["roles/monitoring.viewer", "roles/monitoring.metricWriter"],
  "roles/pubsub.editor": ["roles/pubsub.viewer", "roles/pubsub.publisher", "roles/pubsub.subscriber"],
  "roles/run.developer": ["roles/run.viewer", "roles/run.invoker", "roles/run.servicesInvoker"],
  "roles/run.invoker": ["roles/run.servicesInvoker"],
  "roles/storage.objectAdmin": [
    "roles/storage.objectViewer",
    "roles/storage.objectCreator",
    "roles/storage.objectUser",
  ],
  "roles/storage.objectUser": ["roles/storage.objectViewer", "roles/storage.objectCreator"],
  "roles/workflows.editor": ["roles/workflows.viewer", "roles/workflows.invoker"],
};
const LEVELS = new Set(["project", "folder", "organization"]);

export function isGrant(type: string): boolean {
  return IAM.test(type);
}

/** Whether a setting is shown with the grants. */
export function isGrantPath(type: string, path: string): boolean {
  return CUSTOM_ROLE.test(type) && path === "permissions";
}

/** Changes of who may do what. A grant that only moves to another address is no change. */
export function grantChanges(changes: readonly Change[]): GrantChange[] {
  const grants = changes.flatMap((change) => {
    if (change.action === "none" || change.action === "forget") return [];
    if (CUSTOM_ROLE.test(change.type)) return change.action === "update" ? permissions(change) : [];
    return IAM.test(change.type) ? roles(change) : [];
  });
  const keyOf = ({ stack, who, role, on }: GrantChange) => [stack, who, role, sameTarget(on)].join("\n");
  const effects = new Map<string, Set<string>>();
  for (const grant of grants) effects.set(keyOf(grant), (effects.get(keyOf(grant)) ?? new Set()).add(grant.effect));
  const left = grants.filter((grant) => effects.get(keyOf(grant))?.size === 1);
  return left.map((grant) => ({ ...grant, widening: [...grant.widening, ...replaced(grant, left)] }));
}

/**
 * For each narrower role that the member loses on the same resource: that the new role replaces it.
 */
function replaced({ effect, stack, who, role, on }: GrantChange, grants: readonly GrantChange[]): string[] {
  if (effect === "loses") return [];
  const less = grants.filter(
    (lost) =>
      lost.effect === "loses" &&
      lost.stack === stack &&
      lost.who === who &&
      sameTarget(lost.on) === sameTarget(on) &&
      isMoreThan(role, lost.role),
  );
  return less.map((lost) => `allows more than \`${lost.role}\`, which it replaces`);
}

/** Whether a role is known to let do all that another one does, and more. */
function isMoreThan(role: string, other: string): boolean {
  return Object.hasOwn(MORE_THAN, role) && (MORE_THAN[role] ?? []).includes(other);
}

function roles(change: Change): GrantChange[] {
  const [, of = "", kind = ""] = IAM.exec(change.type) ?? [];
  const held = (side: "before" | "after") => holders(change, kind, side);
  const [before, after] = [held("before"), held("after")];
  const on = { before: targetOf(change, of, "before"), after: targetOf(change, of, "after") };
  // A grant that moves to another resource is lost here and gained there.
  const moves = sameTarget(on.before) !== sameTarget(on.after);
  const lost = before.filter(({ key }) => moves || !after.some((other) => other.key === key));
  const gained = after.filter(({ key }) => moves || !before.some((other) => other.key === key));
  const authoritative = kind === "member" ? [] : [AUTHORITATIVE[kind] ?? ""];
  const rows = (effect: GrantChange["effect"], list: readonly Holder[]) =>
    list.map(({ who, role, condition }) => ({
      stack: change.stack,
      address: change.address,
      effect,
      who,
      role: condition === "" ? role : `${role} (${condition})`,
      on: effect === "gains" ? on.after : on.before,
      widening:
        effect === "loses"
          ? []
          : [...widening(who, role, of), ...(change.action === "create" || moves ? authoritative : [])],
    }));
  return [...rows("gains", gained), ...rows("loses", lost)];
}

const AUTHORITATIVE: Readonly<Record<string, string>> = {
  binding: "removes the role from everyone else (authoritative)",
  policy: "removes all roles from everyone else (authoritative)",
};

function widening(who: string, role: string, of: string): string[] {
  const reasons = [];
  if (Object.hasOwn(PUBLIC, who)) reasons.push(`${PUBLIC[who]}`);
  if (BASIC.has(role)) reasons.push("a basic role: access to nearly all services");
  if (Object.hasOwn(IMPERSONATION, role)) reasons.push(`${IMPERSONATION[role]}`);
  else if (!BASIC.has(role) && /admin|owner|editor$/i.test(role)) reasons.push("an administrator role");
  if (LEVELS.has(of)) reasons.push(`on the whole ${of}`);
  return reasons;
}

interface Holder {
  readonly key: string;
  readonly who: string;
  readonly role: string;
  readonly condition: string;
}

function holders(change: Change, kind: string, side: "before" | "after"): Holder[] {
  const values = change[side];
  if (!values) return [];
  const holder = (who: string, role: string, condition: Value): Holder => {
    const when = Array.isArray(condition) ? condition[0] : condition;
    const text = isObject(when) ? `if ${when.title ?? when.expression}` : "";
    return { key: JSON.stringify([who, role, when?.expression ?? ""]), who, role, condition: text };
  };
  const show = (key: string) => known(change, key, side);
  if (kind === "member") return [holder(show("member"), show("role"), values.condition)];
  if (kind === "binding") {
    const members: string[] = Array.isArray(values.members) ? values.members : [show("members")];
    return members.map((member) => holder(member, show("role"), values.condition));
  }
  return bindings(values.policy_data).flatMap(({ role, members, condition }) =>
    (members ?? []).map((member: string) => holder(member, role, condition)),
  );
}

function bindings(policy: Value): Value[] {
  try {
    return JSON.parse(policy).bindings ?? [];
  } catch {
    return [{ role: "(known after apply)", members: ["(known after apply)"] }];
  }
}

/** The value, or the references that it will be made of. */
function known(change: Change, key: string, side: "before" | "after"): string {
  const value = change[side]?.[key];
  if (typeof value === "string") return value;
  const references = side === "after" ? (referencesAt(change.expressions, [key]) ?? []) : [];
  return references.length > 0 ? references.join(", ") : "(known after apply)";
}

function permissions(change: Change): GrantChange[] {
  const list = (side: "before" | "after"): string[] => change[side]?.permissions ?? [];
  const role = change.after?.role_id ?? change.before?.role_id ?? change.address;
  const rows = (effect: GrantChange["effect"], items: readonly string[]) =>
    items.map((permission) => ({
      stack: change.stack,
      address: change.address,
      effect,
      role: permission,
      on: { kind: "custom role", name: role, within: {} },
      widening: effect === "gains" ? ["one more permission for every holder of the role"] : [],
    }));
  return [
    ...rows(
      "gains",
      list("after").filter((each) => !list("before").includes(each)),
    ),
    ...rows(
      "loses",
      list("before").filter((each) => !list("after").includes(each)),
    ),
  ];
}
