import { ProjectIamMember } from "@cdktf/provider-google/lib/project-iam-member";
import type { ITerraformDependable, TerraformResource } from "cdktf";
import { Construct, type IConstruct } from "constructs";
import { Deployment } from "../core/deployment";
import type { IGrantable } from "../core/grantee";
import { singleton } from "../core/stack";
import { literal } from "../core/terraform-text";
import { report } from "../core/validation";
import { createAfter } from "./order";
import { RequiredApis } from "./required-apis";

/**
 * The role and the member of each IAM member resource. Tells a repeated grant from another one with
 * the same id.
 */
const granted = new WeakMap<IConstruct, string>();

/** The fields that all IAM member resources have. */
interface Grant {
  readonly role: string;
  readonly member: string;
}

/**
 * Grants a role once: a second call with the same scope, role and grantee returns the same IAM
 * member.
 *
 * Reports InvalidGrant where another grant has the same id, because one of the two would be lost.
 *
 * @param scope construct of the resource on which the role is granted
 * @param create makes the IAM member resource from its construct id and the grant
 * @param key names the role in the construct id; needed for custom roles, whose name only Terraform
 *   knows
 */
export function grantOnce<T extends TerraformResource>(
  scope: Construct,
  role: string,
  to: IGrantable,
  create: (id: string, grant: Grant) => T,
  key = role,
): T {
  const id = `${shortRole(key)}-${to.grantee.id}`;
  const grant = `${key} ${to.grantee.member}`;
  const existing = scope.node.tryFindChild(id) as T | undefined;
  if (existing) {
    if (granted.get(existing) !== grant) {
      report(
        scope,
        "InvalidGrant",
        `${key} cannot be granted to "${to.grantee.id}": the id "${id}" already belongs to another grant; give one of the two grantees another construct id`,
      );
    }
    return existing;
  }
  const member = create(id, { role, member: literal(to.grantee.member) });
  createAfter(member, to.grantee.after ?? []);
  granted.set(member, grant);
  return member;
}

/** `roles/cloudtasks.enqueuer` becomes `enqueuer`. The key of a custom role stays as it is. */
function shortRole(role: string): string {
  return role.slice(role.lastIndexOf(".") + 1);
}

/** Holds the grants on the project: only roles for which Google offers nothing narrower. */
class ProjectGrants extends Construct {}

/** What a grant on the project depends on: the API of the project's allow policy. */
export function projectPolicyReady(scope: Construct): ITerraformDependable[] {
  return RequiredApis.of(scope).ready("cloudresourcemanager");
}

/**
 * Grants a role on the project.
 *
 * @param role `roles/…`, or the `name` of a custom role
 * @param key names the role in the construct id; needed for custom roles, whose name only Terraform
 *   knows
 */
export function grantOnProject(scope: Construct, role: string, to: IGrantable, key = role): ProjectIamMember {
  const grants = singleton(scope, "project-grants", (stack) => new ProjectGrants(stack, "project-grants"));
  return grantOnce(
    grants,
    role,
    to,
    (id, grant) =>
      new ProjectIamMember(grants, id, {
        project: Deployment.of(scope).project,
        ...grant,
        dependsOn: projectPolicyReady(scope),
      }),
    key,
  );
}
