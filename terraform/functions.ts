import { ExpressionError } from "./expression";

// biome-ignore lint/suspicious/noExplicitAny: values of Terraform, whose types only its functions know.
export type Value = any;

type TerraformFunction = (...args: Value[]) => Value;

/** Terraform's built-in functions that are understood. Source: developer.hashicorp.com/terraform/language/functions */
export const FUNCTIONS: Readonly<Record<string, TerraformFunction>> = {
  base64decode: (value) => Buffer.from(text(value), "base64").toString("utf8"),
  base64encode: (value) => Buffer.from(text(value), "utf8").toString("base64"),
  concat: (...lists) => lists.flatMap((each) => list(each)),
  format: (template, ...args) => format(text(template), args),
  join: (separator, ...lists) => lists.flatMap(list).map(text).join(text(separator)),
  jsondecode: (value) => decode(text(value)),
  jsonencode: (value) => encode(value),
  length: (value) => (typeof value === "object" && value !== null ? Object.keys(value) : [...text(value)]).length,
  lower: (value) => text(value).toLowerCase(),
  merge: (...maps) => Object.assign({}, ...maps),
  replace: (value, part, by) => replace(text(value), text(part), text(by)),
  split: (separator, value) => text(value).split(text(separator)),
  tolist: (value) => list(value),
  tonumber: (value) => number(value),
  toset: (value) => [...new Set(list(value))],
  tostring: (value) => text(value),
  trimprefix: (value, prefix) =>
    text(value).startsWith(text(prefix)) ? text(value).slice(text(prefix).length) : value,
  trimspace: (value) => text(value).trim(),
  trimsuffix: (value, suffix) =>
    text(suffix) !== "" && text(value).endsWith(text(suffix)) ? text(value).slice(0, -text(suffix).length) : value,
  upper: (value) => text(value).toUpperCase(),
};

/** Terraform's conversion to a string: numbers and booleans convert, the rest does not. */
export function text(value: Value): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new ExpressionError(`${describe(value)} where a string is needed`);
}

/** Terraform's conversion to a number. */
export function number(value: Value): number {
  if (typeof value === "number") return value;
  if (typeof value === "string" && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value)) return Number(value);
  throw new ExpressionError(`${describe(value)} where a number is needed`);
}

function list(value: Value): Value[] {
  if (Array.isArray(value)) return value;
  throw new ExpressionError(`${describe(value)} where a list is needed`);
}

function describe(value: Value): string {
  if (value === null || value === undefined) return "null";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}

/** Keys sorted, and what HTML could misread escaped, as Terraform's `jsonencode` does. */
function encode(value: Value): string {
  return JSON.stringify(sorted(value)).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function sorted(value: Value): Value {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value ?? null;
  const keys = Object.keys(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
}

function decode(value: string): Value {
  try {
    return JSON.parse(value);
  } catch {
    throw new ExpressionError("jsondecode of what is not JSON");
  }
}

function replace(value: string, part: string, by: string): string {
  if (part.length > 1 && part.startsWith("/") && part.endsWith("/")) {
    throw new ExpressionError("replace with a regular expression is not understood");
  }
  return value.replaceAll(part, () => by);
}

function format(template: string, args: Value[]): string {
  let next = 0;
  return template.replace(/%(%|[^%a-zA-Z]*[a-zA-Z])/g, (directive, verb: string) => {
    if (verb === "%") return "%";
    if (next >= args.length) throw new ExpressionError(`format has no argument for ${directive}`);
    const value = args[next++];
    if (verb === "s") return text(value);
    if (verb === "d") return String(Math.trunc(number(value)));
    if (verb === "t") return text(value);
    if (verb === "q") return JSON.stringify(text(value));
    if (verb === "v") return typeof value === "object" ? encode(value) : text(value);
    throw new ExpressionError(`format's ${directive} is not understood`);
  });
}
