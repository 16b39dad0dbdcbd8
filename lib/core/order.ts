import { dependable, type ITerraformDependable, type TerraformResource } from "cdktf";

/** Makes Terraform create a resource after others, and destroy it before them. Adds to what it depends on already. */
export function createAfter(resource: TerraformResource, others: readonly ITerraformDependable[]): void {
  if (others.length > 0) resource.dependsOn = [...(resource.dependsOn ?? []), ...others.map(dependable)];
}
