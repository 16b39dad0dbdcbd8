import type { StackResource } from "../../terraform";
import type { Changes } from "./mermaid";
import type { Wired } from "./wiring";

/** The part of `terraform show -json <plan>` that is read here. */
export interface PlannedChanges {
  readonly resource_changes?: readonly {
    readonly address: string;
    readonly mode: string;
    readonly type: string;
    readonly name: string;
    readonly change: { readonly actions: readonly string[]; readonly before: unknown };
  }[];
}

/**
 * What a plan changes, to be marked in the drawing of the stack that it is a plan of. What was there before is read from
 * the plan, so the drawing shows what is deployed, not what the base branch says. A moved resource is the same one.
 */
export function changesOf(plan: PlannedChanges, stack: Wired): Changes {
  const managed = (plan.resource_changes ?? []).filter(({ mode }) => mode === "managed");
  const paths = new Map(stack.resources.map(({ address, path }) => [address, path]));
  const resources = managed
    .filter(({ change }) => typeof change.before === "object" && change.before !== null)
    .map(({ address, type, name, change }): StackResource => {
      const path = paths.get(address);
      const attributes = change.before as StackResource["attributes"];
      return { address, type, id: name, attributes, configured: [], dependsOn: [], ...(path ? { path } : {}) };
    });
  const changed = managed.filter(
    ({ change: { actions } }) =>
      actions.includes("update") || (actions.includes("create") && actions.includes("delete")),
  );
  return {
    before: { name: stack.name, defaults: stack.defaults, resources },
    changed: new Set(changed.map(({ address }) => address)),
  };
}
