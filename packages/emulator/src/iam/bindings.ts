import type { EvaluatedResource, Simulated } from "../core/emulator";
import { type Condition, parseCondition } from "./condition";
import { predefinedRole } from "./roles";

/** One member's role on one resource. */
export interface Binding {
  /** Of the Terraform resource that makes it. */
  readonly address: string;
  readonly role: string;
  readonly permissions: ReadonlySet<string>;
  /** Such as `serviceAccount:EMAIL` or `allUsers`. */
  readonly member: string;
  /** Full name: `projects/P`, `projects/_/buckets/B`, … */
  readonly resource: string;
  readonly condition?: Condition;
}

/** A binding that cannot be enforced as written. */
export interface BindingProblem {
  readonly address: string;
  readonly attribute: string;
  readonly why: string;
}

type Attributes = EvaluatedResource["attributes"];
type ResourceOf = (attributes: Attributes, project: string) => string;

/** What each family of `_iam_member` and `_iam_binding` grants on, and the attributes that say so. */
const FAMILIES: Readonly<Record<string, { attributes: readonly string[]; resource: ResourceOf }>> = {
  google_artifact_registry_repository_iam: regional("repository", "repositories"),
  google_cloud_run_service_iam: regional("service", "services"),
  google_cloud_run_v2_service_iam: regional("name", "services"),
  google_cloud_tasks_queue_iam: regional("name", "queues"),
  google_cloudfunctions2_function_iam: regional("cloud_function", "functions"),
  google_kms_crypto_key_iam: { attributes: ["crypto_key_id"], resource: (a) => a.crypto_key_id },
  google_project_iam: { attributes: ["project"], resource: (a, project) => `projects/${a.project ?? project}` },
  google_pubsub_subscription_iam: global("subscription", "subscriptions"),
  google_pubsub_topic_iam: global("topic", "topics"),
  google_secret_manager_secret_iam: global("secret_id", "secrets"),
  google_service_account_iam: {
    attributes: ["service_account_id"],
    resource: (a, project) => a.service_account_id.replace(/^projects\/-\//, `projects/${project}/`),
  },
  google_storage_bucket_iam: {
    attributes: ["bucket"],
    resource: (a) => `projects/_/buckets/${a.bucket.replace(/^b\//, "")}`,
  },
};

/** A group of Google's own, none of whose members acts here (https://cloud.google.com/storage/docs/access-logs). */
export const LOG_WRITERS = "group:cloud-storage-analytics@google.com";

const CUSTOM_ROLE = "google_project_iam_custom_role";

/** IAM resources and their attributes, for the loader. */
export const SIMULATED_IAM: Simulated = {
  [CUSTOM_ROLE]: ["project", "role_id", "permissions", "stage", "title", "description"],
  ...Object.fromEntries(
    Object.entries(FAMILIES).flatMap(([family, { attributes }]) => {
      const common = [...attributes, "role", "condition.expression", "condition.title", "condition.description"];
      return [
        [`${family}_member`, [...common, "member"]],
        [`${family}_binding`, [...common, "members"]],
      ];
    }),
  ),
};

/** All bindings that a stack makes, custom roles expanded. */
export function readBindings(
  resources: readonly EvaluatedResource[],
  project: string,
): { bindings: Binding[]; problems: BindingProblem[] } {
  const problems: BindingProblem[] = [];
  const customRoles = new Map(
    resources
      .filter(({ type }) => type === CUSTOM_ROLE)
      .map(({ attributes: a }) => [
        `projects/${a.project ?? project}/roles/${a.role_id}`,
        a.stage === "DISABLED" ? [] : (a.permissions as string[]),
      ]),
  );
  const bindings = resources.flatMap(({ address, type, attributes }) => {
    const [, family = "", form] = /^(.+_iam)_(member|binding)$/.exec(type) ?? [];
    const { resource } = FAMILIES[family] ?? {};
    if (!resource) return [];
    const problem = (attribute: string, why: string) => problems.push({ address, attribute, why });
    const missing = required(family, form).find((name) => attributes[name] === undefined);
    if (missing !== undefined) {
      problem(missing, "is missing");
      return [];
    }
    const role = String(attributes.role);
    const permissions = customRoles.get(role) ?? predefinedRole(role);
    if (!permissions) problem("role", `what ${role} allows is not known here`);
    const expression = attributes.condition?.expression;
    const condition = expression === undefined ? undefined : parseCondition(String(expression));
    if (expression !== undefined && !condition) {
      problem("condition.expression", `only resource.name.startsWith("…"), joined by && and ||: ${expression}`);
    }
    const members: string[] = form === "member" ? [attributes.member] : attributes.members;
    return members.flatMap((member) => {
      if (!/^(serviceAccount:|user:|allUsers$|allAuthenticatedUsers$)/.test(member) && member !== LOG_WRITERS) {
        problem("member", `who belongs to ${member} is not known here`);
      }
      return permissions
        ? [binding({ address, role, member, resource: resource(attributes, project), permissions, condition })]
        : [];
    });
  });
  return { bindings, problems };
}

/** Where it grants on, apart from what the provider's configuration may say, and to whom. */
function required(family: string, form: string | undefined): string[] {
  const where = FAMILIES[family]?.attributes.filter((name) => name !== "project") ?? [];
  return [...where, "role", form === "member" ? "member" : "members"];
}

/** A binding; of a predefined role unless its permissions are given. */
export function binding({
  permissions,
  ...rest
}: Omit<Binding, "permissions"> & { permissions?: readonly string[] }): Binding {
  return { ...rest, permissions: new Set(permissions ?? predefinedRole(rest.role)) };
}

/** The name may be given in full. */
function regional(key: string, collection: string): { attributes: readonly string[]; resource: ResourceOf } {
  return {
    attributes: ["project", "location", key],
    resource: (a, project) =>
      a[key].startsWith("projects/")
        ? a[key]
        : `projects/${a.project ?? project}/locations/${a.location}/${collection}/${a[key]}`,
  };
}

function global(key: string, collection: string): { attributes: readonly string[]; resource: ResourceOf } {
  return {
    attributes: ["project", key],
    resource: (a, project) =>
      a[key].startsWith("projects/") ? a[key] : `projects/${a.project ?? project}/${collection}/${a[key]}`,
  };
}
