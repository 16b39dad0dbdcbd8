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

/** Which role an IAM member gives to whom: tells a repeated grant from one of another that has the same id. */
const granted = new WeakMap<IConstruct, string>();

/** What every IAM member resource says of a grant. */
interface Grant {
  readonly role: string;
  readonly member: string;
}

/**
 * Grants a role once: a second call with the same scope, role and grantee returns the same IAM member.
 *
 * Reports InvalidGrant where another grantee has the same id, rather than granting it nothing.
 *
 * @param scope construct of the resource on which the role is granted
 * @param create makes the IAM member resource from its construct id and the grant
 * @param key names the role in the construct id; needed for custom roles, whose name only Terraform knows
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
        `${key} cannot be granted to "${to.grantee.id}": the id "${id}" stands for another grant already; give one of the two grantees another construct id`,
      );
    }
    return existing;
  }
  const member = create(id, { role, member: literal(to.grantee.member) });
  createAfter(member, to.grantee.after ?? []);
  granted.set(member, grant);
  return member;
}

/** `roles/cloudtasks.enqueuer` -> `enqueuer`; the name of a custom role comes as it is. */
function shortRole(role: string): string {
  return role.slice(role.lastIndexOf(".") + 1);
}

/** Where roles on the whole project are granted: only those for which Google offers nothing narrower. */
class ProjectGrants extends Construct {}

/** What a grant on the project depends on: the API that holds the project's policy. */
export function projectPolicyReady(scope: Construct): ITerraformDependable[] {
  return RequiredApis.of(scope).ready("cloudresourcemanager");
}

/**
 * Grants a role on the project.
 *
 * @param role `roles/…`, or the `name` of a custom role
 * @param key names the role in the construct id; needed for custom roles, whose name only Terraform knows
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
