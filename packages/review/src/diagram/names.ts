import type { StackResource } from "@cdktf-serverless-ml/terraform-json";
import type { Kind, Wired } from "./model";

/** Kinds that are added to the names of their resources. */
const NAMED: ReadonlySet<Kind> = new Set(["bucket", "queue", "schedule", "subscription", "topic", "workflow"]);

/**
 * A resource's name without project, stack and environment, which all names of a stack have in
 * common.
 */
export function boxName(stack: Wired, resource: StackResource, kind: Kind): string {
  const name = short(stack, String(resource.attributes.name ?? resource.id), environmentOf(stack));
  return NAMED.has(kind) && !name.includes(kind) ? `${name} ${kind}` : name;
}

/**
 * A service account's name: the name of its construct if cdktf wrote the path, else its account id,
 * which is often cut to 30 characters.
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

/** From the label `environment`. */
function environmentOf({ resources }: Wired): string | undefined {
  for (const { attributes } of resources) {
    const environment = attributes.labels?.environment;
    if (typeof environment === "string") return environment;
  }
  return undefined;
}
