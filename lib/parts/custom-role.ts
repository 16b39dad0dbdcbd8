import { ProjectIamCustomRole } from "@cdktf/provider-google/lib/project-iam-custom-role";
import type { ProjectIamMember } from "@cdktf/provider-google/lib/project-iam-member";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import type { IGrantable } from "../core/grantee";
import { resourceName } from "../core/names";
import { singleton } from "../core/stack";
import { literal } from "../core/terraform-text";
import { check, inBytes } from "../core/validation";
import { grantOnProject } from "./grants";
import { RequiredApis } from "./required-apis";

/** Properties of {@link CustomRole}. */
export interface CustomRoleProps {
  /** Up to 100 bytes of UTF-8. */
  readonly title: string;
  /** What the role is for. */
  readonly description: string;
  /** IAM permissions, such as `workflows.executions.create`. */
  readonly permissions: readonly string[];
}

/**
 * A role of exactly the permissions that are needed, where the narrowest predefined role has far
 * more.
 */
export class CustomRole extends Construct {
  /** The one custom role of this id in the stack. The first call creates it. */
  static of(scope: Construct, id: string, props: CustomRoleProps): CustomRole {
    return singleton(scope, id, (stack) => new CustomRole(stack, id, props));
  }

  /** The inner `google_project_iam_custom_role`. */
  readonly resource: ProjectIamCustomRole;

  constructor(scope: Construct, id: string, props: CustomRoleProps) {
    super(scope, id);
    check(this, [inBytes("title of the role", props.title, 100)]);
    this.resource = new ProjectIamCustomRole(this, "Resource", {
      project: Deployment.of(this).project,
      roleId: resourceName(this, "customRole"),
      title: literal(props.title),
      description: literal(props.description),
      permissions: [...props.permissions].sort().map((permission) => literal(permission)),
      stage: "GA",
      dependsOn: RequiredApis.of(this).ready("iam"),
    });
  }

  /** Grants the role on the project. */
  grant(to: IGrantable): ProjectIamMember {
    return grantOnProject(this, this.resource.name, to, this.node.id);
  }
}
