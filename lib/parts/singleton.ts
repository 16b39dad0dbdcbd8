import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";

/** The one construct of this id in the stack of `scope`, made when first asked for. */
export function singleton<T extends Construct>(scope: Construct, id: string, create: (stack: TerraformStack) => T): T {
  const stack = TerraformStack.of(scope);
  return (stack.node.tryFindChild(id) as T | undefined) ?? create(stack);
}
