// biome-ignore lint/suspicious/noExplicitAny: values of Terraform, whose types only its providers know.
export type Value = any;
export type Json = Readonly<Record<string, Value>>;
/** Keys and indices that lead to a value. */
export type Path = readonly (string | number)[];

/** What happens to a resource. `none`: it does not change, or is only moved or imported. */
export type Action = "create" | "update" | "replace" | "delete" | "forget" | "none";

/** One resource of one stack, before and after. Secrets are hidden already (`secrets.ts`). */
export interface Change {
  readonly stack: string;
  readonly address: string;
  readonly type: string;
  readonly action: Action;
  /** Undefined for a resource that did not exist before, or does not exist after. */
  readonly before?: Json;
  readonly after?: Json;
  /** In the shape of `after`: `true` for values that are known only after the apply. */
  readonly unknown?: Value;
  /**
   * The `expressions` of the plan's configuration. Format:
   * developer.hashicorp.com/terraform/internals/json-format
   */
  readonly expressions?: Json;
  /** The provider's values, for resources without their own. */
  readonly defaults?: { readonly project?: string; readonly region?: string };
  /** The attributes that force a replacement. */
  readonly forcedBy: readonly Path[];
  /** Terraform's `action_reason`. */
  readonly reason?: string;
  readonly previousAddress?: string;
  /** The id or identity of an import; empty if it is known only after the apply. */
  readonly importing?: string;
  /** The key of a deposed object, which an earlier replacement could not delete. */
  readonly deposed?: string;
  /** The path in the construct tree, if the synthesized JSON has it. */
  readonly path?: string;
}

/** One stack as the review reads it: from its plan, or from its synthesized JSON alone. */
export interface Reading {
  readonly stack: string;
  readonly from: "plan" | "synthesized";
  /** All resources, also unchanged ones. */
  readonly changes: readonly Change[];
  readonly outputs: readonly Change[];
  /** Addresses of resources that the refresh no longer found in the cloud. */
  readonly vanished: ReadonlySet<string>;
  /** Problems of the stack that are not changes of a resource. */
  readonly notes: readonly string[];
  /**
   * What was not read, not understood or not compared, by name. With gaps, the stack is not known
   * to be safe.
   */
  readonly gaps: readonly string[];
  /** Folders of the stack, in which relative sources lie. */
  readonly baseFolder?: string;
  readonly headFolder?: string;
}

/** The value at a dotted path, as of `valueAt`. */
export function at(value: Value, path: string): Value {
  return valueAt(value, path.split("."));
}

/** The value to which keys lead. Blocks can be lists of one, as in plans. */
export function valueAt(value: Value, path: readonly string[]): Value {
  let found: Value = value;
  for (const key of path) {
    if (Array.isArray(found)) found = found[0];
    if (typeof found !== "object" || found === null) return undefined;
    found = found[key];
  }
  return found;
}

export function isObject(value: Value): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * An address without the keys of count and for_each, which can contain any text: `a.b["x].y"]`
 * becomes `a.b`.
 */
export function withoutKeys(address: string): string {
  return address.replace(/\[(?:\d+|"(?:[^"\\]|\\.)*")\]/g, "");
}
