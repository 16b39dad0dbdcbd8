import { TerraformStack } from "cdktf";
import { Construct, type IConstruct } from "constructs";
import { report } from "./validation";

/**
 * Whether something is in the stack of `scope`. Wiring goes both ways (a subscription needs the function's URL, the
 * function's grant needs the subscription's identity), so that two stacks would wait for each other.
 *
 * Reports OtherStack where it is not.
 *
 * @param remedy how the same is written within one stack
 */
export function inSameStack(scope: Construct, other: unknown, remedy: string): boolean {
  if (!Construct.isConstruct(other)) return true;
  const [own, others] = [scope, other].map((construct) => TerraformStack.of(construct as IConstruct).node.path);
  if (own === others) return true;
  report(scope, "OtherStack", `[${other.node.path}] is in the stack ${others}, this is in ${own}; ${remedy}`);
  return false;
}
