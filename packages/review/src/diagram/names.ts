import { block, type StackResource } from "@cdktf-serverless-ml/terraform-json";
import type { Kind, Wired } from "./model";

/** Kinds that are added to the names of their resources. */
const NAMED: ReadonlySet<Kind> = new Set(["bucket", "pool", "queue", "schedule", "subscription", "topic", "workflow"]);

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

/**
 * What a box of containers says below its name: what it is, how many there are, its accelerator.
 * Undefined for another kind.
 */
export function containerLines({ attributes }: StackResource, kind: Kind): string[] | undefined {
  const outer = block(attributes, "template");
  const { count, template } = {
    service: { count: "container", template: outer },
    pool: { count: counted(block(attributes, "scaling")?.manual_instance_count, "instance"), template: outer },
    job: { count: `job, ${counted(outer?.task_count ?? 1, "task")}`, template: block(outer, "template") },
  }[kind as "service" | "pool" | "job"] ?? { count: undefined, template: undefined };
  if (count === undefined) return undefined;
  const accelerator = block(template, "node_selector")?.accelerator;
  return [count, ...(accelerator ? [String(accelerator)] : [])];
}

function counted(count: unknown, of: string): string {
  return count === undefined ? `${of}s` : `${count} ${of}${count === 1 ? "" : "s"}`;
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
