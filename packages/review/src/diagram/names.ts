import type { StackResource } from "@cdktf-serverless-ml/terraform-json";
import type { Kind, Wired } from "./model";

/** Kinds whose names say little without them. */
const NAMED: ReadonlySet<Kind> = new Set(["bucket", "queue", "schedule", "subscription", "topic", "workflow"]);

/** The resource's name without project, stack and environment, which all names of a stack share. */
export function boxName(stack: Wired, resource: StackResource, kind: Kind): string {
  const name = short(stack, String(resource.attributes.name ?? resource.id), environmentOf(stack));
  return NAMED.has(kind) && !name.includes(kind) ? `${name} ${kind}` : name;
}

/**
 * A service account's name: of its construct where cdktf wrote the path, since account ids have 30 characters and are
 * often cut; of its account id otherwise.
 */
export function identityName(stack: Wired, account: StackResource): string {
  const path = account.path?.split("/").filter((part) => part !== "Resource") ?? [];
  const name = path.at(-1) === "identity" ? path.at(-2) : path.at(-1);
  return name ?? short(stack, String(account.attributes.account_id), environmentOf(stack));
}

/** The last part of a resource name, such as the queue's in `projects/p/locations/l/queues/q`. */
export function bareName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

function short({ name: stack, defaults }: Wired, name: string, environment: string | undefined): string {
  let rest = name;
  for (const prefix of [defaults.project, stack])
    if (rest.startsWith(`${prefix}-`)) rest = rest.slice(prefix.length + 1);
  if (environment && rest.endsWith(`-${environment}`)) rest = rest.slice(0, -environment.length - 1);
  return rest;
}

/** By the label that the stacks put on everything that takes one. */
function environmentOf({ resources }: Wired): string | undefined {
  for (const { attributes } of resources) {
    const environment = attributes.labels?.environment;
    if (typeof environment === "string") return environment;
  }
  return undefined;
}
