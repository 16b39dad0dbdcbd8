import { ExpressionError } from "./expression";
import { BigFloat } from "./number";
import { convert, typeOf, unify } from "./types";
import {
  boolean,
  Dictionary,
  describe,
  entriesOf,
  fromJson,
  itemsOf,
  number,
  parseJson,
  Sequence,
  text,
  type Value,
} from "./values";

type TerraformFunction = (...args: Value[]) => Value;

/**
 * The supported built-in functions of Terraform. Sources:
 * developer.hashicorp.com/terraform/language/functions, and the answers of `terraform console` in
 * `__tests__/console.test.ts`.
 */
export const FUNCTIONS: Readonly<Record<string, TerraformFunction>> = {
  base64decode: (value) => base64decode(text(value)),
  base64encode: (value) => Buffer.from(text(value), "utf8").toString("base64"),
  concat: (...lists) => concat(lists),
  format: (template, ...args) => format(text(template), args),
  join: (separator, ...lists) =>
    lists
      .flatMap((each) => [...list(each)])
      .map(text)
      .join(text(separator)),
  jsondecode: (value) => decode(text(value)),
  jsonencode: (value) => encode(value),
  length: (value) => BigFloat.of(length(value)),
  // Only U+0130 becomes two letters in JavaScript; Go keeps the first one.
  lower: (value) => letters(value, (letter) => [...letter.toLowerCase()][0] ?? ""),
  merge: (...maps) => merge(maps),
  replace: (value, part, by) => replace(text(value), text(part), text(by)),
  split: (separator, value) => new Sequence("list", split(text(value), text(separator))),
  tobool: (value) => (value === null ? null : boolean(value, `${describe(value)} where a boolean is needed`)),
  tolist: (value) => convert(value, { kind: "list", of: "any" }),
  tomap: (value) => convert(value, { kind: "map", of: "any" }),
  tonumber: (value) => (value === null ? null : number(value)),
  toset: (value) => convert(value, { kind: "set", of: "any" }),
  tostring: (value) => (value === null ? null : text(value)),
  trimprefix: (value, prefix) =>
    text(value).startsWith(text(prefix)) ? text(value).slice(text(prefix).length) : text(value),
  trimspace: (value) => text(value).replace(new RegExp(`^${SPACE}+|${SPACE}+$`, "g"), ""),
  trimsuffix: (value, suffix) =>
    text(suffix) !== "" && text(value).endsWith(text(suffix))
      ? text(value).slice(0, -text(suffix).length)
      : text(value),
  upper: (value) => letters(value, (letter) => letter.toUpperCase()),
};

/** Go's `unicode.IsSpace`: JavaScript trims U+FEFF too, and leaves U+0085. */
const SPACE = "[\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";

/** Letter by letter, as Go does: a letter that would become two stays. */
function letters(value: Value, change: (letter: string) => string): string {
  return [...text(value)]
    .map((letter) => {
      const changed = change(letter);
      return [...changed].length === 1 ? changed : letter;
    })
    .join("");
}

function list(value: Value): readonly Value[] {
  const items = itemsOf(value);
  if (items) return items;
  throw new ExpressionError(`${describe(value)} where a list is needed`);
}

function concat(lists: readonly Value[]): Value {
  for (const each of lists) {
    if (each instanceof Sequence && each.kind === "set") throw new ExpressionError("a set where a list is needed");
  }
  const items = lists.flatMap((each) => [...list(each)]);
  if (!lists.every((each) => each instanceof Sequence)) return items;
  return convert(items, { kind: "list", of: "any" });
}

function merge(maps: readonly Value[]): Value {
  const given = maps.filter((each) => each !== null);
  const entries = given.map((each) => {
    const found = entriesOf(each);
    if (!found) throw new ExpressionError(`${describe(each)} where a map is needed`);
    return found;
  });
  const merged = Object.fromEntries(entries.flatMap((each) => Object.entries(each)));
  return given.length > 0 && given.every((each) => each instanceof Dictionary) ? new Dictionary(merged) : merged;
}

/**
 * Grapheme clusters. Source:
 * developer.hashicorp.com/terraform/language/functions/length
 */
function length(value: Value): number {
  const size = itemsOf(value)?.length ?? (entriesOf(value) && Object.keys(entriesOf(value) ?? {}).length);
  if (size !== undefined) return size;
  if (typeof value !== "string") throw new ExpressionError(`${describe(value)} where a string or collection is needed`);
  return [...new Intl.Segmenter("en", { granularity: "grapheme" }).segment(value)].length;
}

function split(value: string, separator: string): string[] {
  return separator === "" ? [...value] : value.split(separator);
}

function base64decode(value: string): string {
  const bytes = Buffer.from(value, "base64");
  if (bytes.toString("base64") !== value) throw new ExpressionError("base64decode of what is not Base64");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes).normalize("NFC");
  } catch {
    throw new ExpressionError("base64decode of what is not UTF-8");
  }
}

/** As Terraform's `jsonencode`: keys are sorted, and characters of HTML are escaped. */
function encode(value: Value): string {
  if (value === null || value === undefined) return "null";
  if (value instanceof BigFloat || typeof value === "boolean" || typeof value === "number") return String(value);
  if (typeof value === "string") {
    return JSON.stringify(value).replace(
      /[<>&\u2028\u2029]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  }
  const items = itemsOf(value);
  if (items) return `[${items.map(encode).join(",")}]`;
  const entries = entriesOf(value) ?? {};
  const keys = Object.keys(entries).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${keys.map((key) => `${encode(key)}:${encode(entries[key])}`).join(",")}}`;
}

function decode(value: string): Value {
  try {
    return fromJson(parseJson(value));
  } catch {
    throw new ExpressionError("jsondecode of what is not JSON");
  }
}

function replace(value: string, part: string, by: string): string {
  if (part.length > 1 && part.startsWith("/") && part.endsWith("/")) {
    throw new ExpressionError("replace with a regular expression is not understood");
  }
  if (part === "") return `${by}${[...value].map((letter) => `${letter}${by}`).join("")}`;
  return value.replaceAll(part, () => by);
}

function format(template: string, args: Value[]): string {
  let next = 0;
  const formatted = template.replace(/%(%|[^%a-zA-Z]*[a-zA-Z])/g, (directive, verb: string) => {
    if (verb === "%") return "%";
    if (next >= args.length) throw new ExpressionError(`format has no argument for ${directive}`);
    const value = args[next++];
    if (verb === "d") {
      const whole = number(value);
      if (whole.isWhole()) return String(whole);
      throw new ExpressionError("a fraction where format needs a whole number");
    }
    if (value === null) throw new ExpressionError("format of null is not understood");
    if (verb === "s") return text(value);
    if (verb === "t") return String(boolean(value, `${describe(value)} where a boolean is needed`));
    if (verb === "q") return encode(text(value));
    if (verb === "v") return typeof value === "string" ? value : encode(value);
    throw new ExpressionError(`format's ${directive} is not understood`);
  });
  if (next < args.length) throw new ExpressionError(`format has ${args.length} arguments, and places for ${next}`);
  return formatted;
}

/** Whether two values are equal. Values of different types never are. */
export function isEqual(left: Value, right: Value): boolean {
  if (left === null || right === null) return left === right;
  const types = [typeOf(left), typeOf(right)] as const;
  try {
    unify(types);
  } catch {
    return false;
  }
  return sameType(left, right) && encode(left) === encode(right);
}

function sameType(left: Value, right: Value): boolean {
  if (left === null || right === null) return true;
  if (left instanceof Sequence || right instanceof Sequence) {
    if (!(left instanceof Sequence && right instanceof Sequence && left.kind === right.kind)) return false;
  } else if (left instanceof Dictionary !== right instanceof Dictionary) return false;
  const [items, others] = [itemsOf(left), itemsOf(right)];
  if (items && others) return items.every((item, index) => index >= others.length || sameType(item, others[index]));
  const [entries, other] = [entriesOf(left), entriesOf(right)];
  if (entries && other) return Object.keys(entries).every((key) => sameType(entries[key], other[key] ?? null));
  return describe(left) === describe(right);
}
