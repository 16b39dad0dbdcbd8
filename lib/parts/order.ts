import { TimeProvider } from "@cdktf/provider-time/lib/provider";
import { Sleep } from "@cdktf/provider-time/lib/sleep";
import { dependable, type ITerraformDependable, type TerraformResource, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import type { Duration } from "../core/duration";
import { singleton } from "../core/stack";

/**
 * Makes Terraform create a resource after others, and destroy it before them. Adds to what the
 * resource already depends on.
 */
export function createAfter(resource: TerraformResource, others: readonly ITerraformDependable[]): void {
  if (others.length > 0) resource.dependsOn = [...(resource.dependsOn ?? []), ...others.map(dependable)];
}

/**
 * A pause in an apply, after resources that take effect with a delay. What depends on it comes
 * after the pause. Terraform pauses again whenever there is another resource to wait for.
 */
export class Wait extends Sleep {
  private readonly awaited = new Set<string>();

  constructor(scope: Construct, id: string, duration: Duration) {
    super(scope, id, { createDuration: duration.toString() });
    singleton(scope, "time", (stack) => new TimeProvider(stack, "time"));
  }

  /** Adds a resource of this stack to those after which the pause begins. */
  waitFor(resource: TerraformResource): void {
    const path = resource.node.path.slice(TerraformStack.of(this).node.path.length + 1);
    if (this.awaited.has(path)) return;
    this.awaited.add(path);
    createAfter(this, [resource]);
    // Without triggers the pause would happen in the first apply only.
    this.triggers = { after: [...this.awaited].sort().join(" ") };
  }
}
