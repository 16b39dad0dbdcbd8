import { TerraformStack } from "cdktf";
import { Construct, type IConstruct } from "constructs";
import { report } from "./validation";

/** The one construct of this id in the stack of `scope`. The first call creates it. */
export function singleton<T extends Construct>(scope: Construct, id: string, create: (stack: TerraformStack) => T): T {
  const stack = TerraformStack.of(scope);
  return (stack.node.tryFindChild(id) as T | undefined) ?? create(stack);
}

/**
 * The construct id of an upload below `scope`. A second one of the same name gets a number. A hash
 * in the id would change the address with the content.
 */
export function uploadId(scope: Construct, name: string): string {
  let id = name;
  for (let count = 2; scope.node.tryFindChild(id); count++) id = `${name}-${count}`;
  return id;
}

/**
 * Tells whether a construct is in the stack of `scope`. Wiring goes both ways: a subscription needs
 * the function's URL, and the function's grant needs the subscription's identity. Two stacks would
 * wait for each other.
 *
 * Reports OtherStack where it is not.
 *
 * @param remedy how to write the same within one stack
 */
export function inSameStack(scope: Construct, other: unknown, remedy: string): boolean {
  if (!Construct.isConstruct(other)) return true;
  const [own, others] = [scope, other].map((construct) => TerraformStack.of(construct as IConstruct).node.path);
  if (own === others) return true;
  report(scope, "OtherStack", `[${other.node.path}] is in the stack ${others}, this is in ${own}; ${remedy}`);
  return false;
}
