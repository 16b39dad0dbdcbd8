import {
  block,
  customRoles,
  granting,
  grantsOf,
  RESOURCE_TYPES,
  SERVICE_AGENTS,
  serviceAgent,
} from "@cdktf-serverless-ml/terraform-json";
import type { EvaluatedResource, Simulated } from "../core/emulator";
import { type Condition, parseCondition } from "./condition";
import { predefinedRole } from "./roles";

/** One member's role on one resource. */
export interface Binding {
  /** Of its Terraform resource. */
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

/**
 * A group of Google's own. No emulator acts as a member of it
 * (https://cloud.google.com/storage/docs/access-logs).
 */
export const LOG_WRITERS = "group:cloud-storage-analytics@google.com";

/** IAM resources and their attributes, for the loader. */
export const SIMULATED_IAM: Simulated = {
  google_project_iam_custom_role: ["project", "role_id", "permissions", "stage", "title", "description"],
  ...Object.fromEntries(
    [...RESOURCE_TYPES].flatMap(([type, { iam }]) => {
      if (!iam) return [];
      const common = [...iam.attributes, "role", "condition.expression", "condition.title", "condition.description"];
      return [
        [`${type}_iam_member`, [...common, "member"]],
        [`${type}_iam_binding`, [...common, "members"]],
      ];
    }),
  ),
};

/** All bindings of a stack; custom roles are expanded to their permissions. */
export function readBindings(
  resources: readonly EvaluatedResource[],
  project: string,
): { bindings: Binding[]; problems: BindingProblem[] } {
  const problems: BindingProblem[] = [];
  const custom = customRoles(resources, project);
  const bindings = resources.flatMap((resource) => {
    const { address, type, attributes } = resource;
    const found = granting(type);
    if (!found) return [];
    const problem = (attribute: string, why: string) => problems.push({ address, attribute, why });
    // The project may be in the provider's configuration.
    const where = found.family.attributes.filter((name) => name !== "project");
    const missing = [...where, "role", found.membersIn].find((name) => attributes[name] === undefined);
    if (missing !== undefined) {
      problem(missing, "is missing");
      return [];
    }
    const role = String(attributes.role);
    const permissions = custom.get(role) ?? predefinedRole(role);
    if (!permissions) problem("role", `what ${role} allows is not known here`);
    const expression = block(attributes, "condition")?.expression;
    const condition = expression === undefined ? undefined : parseCondition(String(expression));
    if (expression !== undefined && !condition) {
      problem("condition.expression", `only resource.name.startsWith("…"), joined by && and ||: ${expression}`);
    }
    return grantsOf(resource, project).flatMap(({ member, on }) => {
      if (!/^(serviceAccount:|user:|allUsers$|allAuthenticatedUsers$)/.test(member) && member !== LOG_WRITERS) {
        problem("member", `who belongs to ${member} is not known here`);
      }
      return permissions ? [binding({ address, role, member, resource: on.fullName, permissions, condition })] : [];
    });
  });
  return { bindings, problems };
}

/** Makes a binding. @param permissions default: those of the predefined role */
function binding({
  permissions,
  ...rest
}: Omit<Binding, "permissions"> & { permissions?: readonly string[] }): Binding {
  return { ...rest, permissions: new Set(permissions ?? predefinedRole(rest.role)) };
}

/**
 * The bindings that Google makes itself for its service agents, on every project whose API is
 * enabled. The agent of Cloud Storage has none. Their addresses name their sources.
 */
export function defaultBindings(project: string, projectNumber: string): Binding[] {
  return SERVICE_AGENTS.flatMap(({ domain, grantedRole }) => {
    if (!grantedRole) return [];
    const { role, source } = grantedRole;
    return binding({
      address: `granted by Google (${source})`,
      role,
      member: `serviceAccount:${serviceAgent(projectNumber, domain)}`,
      resource: `projects/${project}`,
    });
  });
}
