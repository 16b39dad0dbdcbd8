// biome-ignore lint/suspicious/noExplicitAny: values of Terraform, whose types only its providers know.
export type Value = any;
export type Json = Readonly<Record<string, Value>>;
/** Keys and indices that lead to a value. */
export type Path = readonly (string | number)[];

/** What happens to a resource; `none` is one that stays as it is, or is only moved or imported. */
export type Action = "create" | "update" | "replace" | "delete" | "forget" | "none";

/** One resource of one stack, before and after. Nothing in it is secret: what is sensitive is hidden (`secrets.ts`). */
export interface Change {
  readonly stack: string;
  readonly address: string;
  readonly type: string;
  readonly action: Action;
  /** Missing where there is nothing before, or after. */
  readonly before?: Json;
  readonly after?: Json;
  /** Of the shape of `after`: `true` where only the apply tells. */
  readonly unknown?: Value;
  /** The `expressions` of the plan's configuration. Format: developer.hashicorp.com/terraform/internals/json-format */
  readonly expressions?: Json;
  /** What the provider puts in where the resource leaves it out. */
  readonly defaults?: { readonly project?: string; readonly region?: string };
  /** What forces a replacement. */
  readonly forcedBy: readonly Path[];
  /** Terraform's `action_reason`. */
  readonly reason?: string;
  readonly previousAddress?: string;
  /** The id or identity under which it is imported; empty where only the apply knows it. */
  readonly importing?: string;
  /** The key of a deposed object: what a replacement could not delete earlier. */
  readonly deposed?: string;
  /** The path in the construct tree, where synthesized JSON tells. */
  readonly path?: string;
}

/** What is known of one stack: from its plan, or from its synthesized JSON alone. */
export interface Reading {
  readonly stack: string;
  readonly from: "plan" | "synthesized";
  /** All resources, those that stay as they are included. */
  readonly changes: readonly Change[];
  readonly outputs: readonly Change[];
  /** Addresses that the refresh found gone in the cloud. */
  readonly vanished: ReadonlySet<string>;
  /** Faults of the stack that are no change of a resource. */
  readonly notes: readonly string[];
  /** What was not read, not understood, or not compared, each by its name: the stack is not known to be safe. */
  readonly gaps: readonly string[];
  /** Folders of the stack, in which relative sources lie. */
  readonly baseFolder?: string;
  readonly headFolder?: string;
}

/** The value at a dotted path; blocks may be lists of one, as they are in plans. */
export function at(value: Value, path: string): Value {
  let found: Value = value;
  for (const key of path.split(".")) {
    if (Array.isArray(found)) found = found[0];
    if (typeof found !== "object" || found === null) return undefined;
    found = found[key];
  }
  return found;
}

export function isObject(value: Value): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An address without the keys of count and for_each, in which anything may stand: `a.b["x].y"]` is `a.b`. */
export function withoutKeys(address: string): string {
  return address.replace(/\[(?:\d+|"(?:[^"\\]|\\.)*")\]/g, "");
}
