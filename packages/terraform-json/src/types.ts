import type { Expression } from "./expression";
import { ExpressionError } from "./expression";
import { BigFloat } from "./number";
import {
  boolean,
  Dictionary,
  describe,
  entriesOf,
  itemsOf,
  mapped,
  number,
  Sequence,
  text,
  type Value,
} from "./values";

/** `any` is an unknown type, such as that of `null`. */
export type Type =
  | "any"
  | "string"
  | "number"
  | "bool"
  | { readonly kind: "list" | "set" | "map"; readonly of: Type }
  | { readonly kind: "tuple"; readonly items: readonly Type[] }
  | { readonly kind: "object"; readonly attributes: Readonly<Record<string, Attribute>> };

interface Attribute {
  readonly type: Type;
  /** For an optional attribute: its value where it is missing. */
  readonly missing?: { readonly value: Value };
}

export function typeOf(value: Value): Type {
  if (value === null || value === undefined) return "any";
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  if (value instanceof BigFloat) return "number";
  if (value instanceof Sequence) return { kind: value.kind, of: unify(value.items.map(typeOf)) };
  if (value instanceof Dictionary) return { kind: "map", of: unify(Object.values(value.entries).map(typeOf)) };
  if (Array.isArray(value)) return { kind: "tuple", items: value.map(typeOf) };
  return { kind: "object", attributes: mapped(value, (item) => ({ type: typeOf(item) })) };
}

/**
 * The type that all types convert to. Source: github.com/zclconf/go-cty, cty/convert/unify.go.
 *
 * @throws ExpressionError if there is none
 */
export function unify(all: readonly Type[]): Type {
  const types = all.filter((type) => type !== "any");
  const [first] = types;
  if (first === undefined) return "any";
  if (types.every((type) => isSame(type, first))) return first;
  const simple = types.filter((type) => typeof type === "string");
  if (simple.length === types.length && types.includes("string")) return "string";
  const kinds = new Set(types.map((type) => (typeof type === "string" ? type : type.kind)));
  const isOnly = (...wanted: string[]) => [...kinds].every((kind) => wanted.includes(kind));
  if (isOnly("tuple")) {
    const tuples = types.map((type) => (type as { items: readonly Type[] }).items);
    const length = tuples[0]?.length ?? 0;
    if (tuples.every((items) => items.length === length)) {
      return {
        kind: "tuple",
        items: Array.from({ length }, (_, at) => unify(tuples.map((items) => items[at] ?? "any"))),
      };
    }
  }
  if (isOnly("tuple", "list")) return { kind: "list", of: unify(types.flatMap(parts)) };
  if (isOnly("set")) return { kind: "set", of: unify(types.flatMap(parts)) };
  if (isOnly("object")) {
    const objects = types.map((type) => (type as { attributes: Record<string, Attribute> }).attributes);
    const names = Object.keys(objects[0] ?? {}).sort();
    if (objects.every((each) => Object.keys(each).sort().join("\n") === names.join("\n"))) {
      const attribute = (name: string) => ({ type: unify(objects.map((each) => each[name]?.type ?? "any")) });
      return { kind: "object", attributes: Object.fromEntries(names.map((name) => [name, attribute(name)])) };
    }
  }
  if (isOnly("object", "map")) return { kind: "map", of: unify(types.flatMap(parts)) };
  throw new ExpressionError(`${[...kinds].sort().join(" and ")} have no type in common`);
}

function parts(type: Type): Type[] {
  if (typeof type === "string") return [];
  if (type.kind === "tuple") return [...type.items];
  return type.kind === "object" ? Object.values(type.attributes).map((each) => each.type) : [type.of];
}

/** Whether values of both types can be equal. */
function isSame(a: Type, b: Type): boolean {
  if (a === "any" || b === "any" || typeof a === "string" || typeof b === "string")
    return a === b || a === "any" || b === "any";
  if (a.kind === "tuple" && b.kind === "tuple") {
    return a.items.length === b.items.length && a.items.every((item, index) => isSame(item, b.items[index] ?? "any"));
  }
  if (a.kind === "object" && b.kind === "object") {
    const names = Object.keys(a.attributes).sort();
    const others = Object.keys(b.attributes).sort();
    const type = (each: typeof a, name: string) => each.attributes[name]?.type ?? "any";
    return names.join("\n") === others.join("\n") && names.every((name) => isSame(type(a, name), type(b, name)));
  }
  return a.kind === b.kind && isSame(parts(a)[0] ?? "any", parts(b)[0] ?? "any");
}

/** @throws ExpressionError if the value does not convert */
export function convert(value: Value, type: Type): Value {
  if (value === null || value === undefined || type === "any") return value ?? null;
  if (type === "string") return text(value);
  if (type === "number") return number(value);
  if (type === "bool") return boolean(value, `${describe(value)} where a boolean is needed`);
  const [items, entries] = [itemsOf(value), entriesOf(value)];
  switch (type.kind) {
    case "list":
    case "set": {
      if (!items) break;
      const of = type.of === "any" ? unify(items.map(typeOf)) : type.of;
      const converted = items.map((item) => convert(item, of));
      return new Sequence(type.kind, type.kind === "set" ? sorted(converted) : converted);
    }
    case "map": {
      if (!entries) break;
      const of = type.of === "any" ? unify(Object.values(entries).map(typeOf)) : type.of;
      return new Dictionary(mapped(entries, (item) => convert(item, of)));
    }
    case "tuple":
      if (items?.length !== type.items.length) break;
      return items.map((item, index) => convert(item, type.items[index] ?? "any"));
    case "object":
      if (!entries) break;
      return Object.fromEntries(
        Object.entries(type.attributes).map(([name, { type: wanted, missing }]) => {
          const given = Object.hasOwn(entries, name) ? entries[name] : undefined;
          if (given === undefined && !missing) throw new ExpressionError(`an object without ${JSON.stringify(name)}`);
          return [name, convert(given ?? missing?.value ?? null, wanted)];
        }),
      );
  }
  throw new ExpressionError(`${describe(value)} where a ${type.kind} is needed`);
}

/**
 * Each item once, in the order of Terraform's sets. Source: go-cty, cty/set_internals.go.
 */
function sorted(items: readonly Value[]): Value[] {
  const order = (a: Value, b: Value): number => {
    if (typeof a === "string" && typeof b === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b));
    if (a instanceof BigFloat && b instanceof BigFloat) return a.compare(b);
    return Number(a) - Number(b);
  };
  if (items.length > 1 && items.some((item) => typeof item === "object" && !(item instanceof BigFloat))) {
    throw new ExpressionError("sets of other than strings, numbers and booleans are not understood");
  }
  return [...items].sort(order).filter((item, index, all) => index === 0 || order(item, all[index - 1]) !== 0);
}

/**
 * The type of a variable. Source:
 * developer.hashicorp.com/terraform/language/expressions/type-constraints
 */
export function typeConstraint(expression: Expression, constant: (expression: Expression) => Value): Type {
  const inner = (each: Expression | undefined): Type => (each ? typeConstraint(each, constant) : "any");
  if (expression.kind === "name") {
    if (["any", "string", "number", "bool"].includes(expression.name)) return expression.name as Type;
    if (expression.name === "list" || expression.name === "map") return { kind: expression.name, of: "any" };
  }
  if (expression.kind === "call") {
    const { name, args } = expression;
    const [first] = args;
    if (name === "list" || name === "set" || name === "map") return { kind: name, of: inner(first) };
    if (name === "tuple" && first?.kind === "list") return { kind: "tuple", items: first.items.map(inner) };
    if (name === "object" && first?.kind === "object") {
      const attribute = (each: Expression): Attribute => {
        if (each.kind !== "call" || each.name !== "optional") return { type: inner(each) };
        const [type, value] = each.args;
        return { type: inner(type), missing: { value: value ? constant(value) : null } };
      };
      return {
        kind: "object",
        attributes: Object.fromEntries(first.items.map(([key, each]) => [text(constant(key)), attribute(each)])),
      };
    }
  }
  throw new ExpressionError("its type is not understood");
}
