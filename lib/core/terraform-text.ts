import { type IResolvable, type IResolveContext, Token } from "cdktf";
import { ValidationError } from "./validation";

/**
 * A token inside a string, as cdktf writes it. cdktf replaces it by its value when it synthesizes
 * the app.
 */
const TOKEN = /(\$\{TfToken\[[A-Za-z0-9:._-]+\]\})/;

/**
 * The opening of an interpolation or directive. Terraform reads it literally when its first
 * character is doubled.
 */
const OPENING = /[$%](?=\{)/g;

/**
 * Text as the value of an attribute. Every string of Terraform JSON is a template, so that
 * Terraform would read `${` and `%{` as its own. Tokens of cdktf keep their meaning.
 *
 * Source: https://developer.hashicorp.com/terraform/language/syntax/json, "String Templates".
 */
export function literal(text: string): string;
export function literal(text: string | undefined): string | undefined;
export function literal(text: string | undefined): string | undefined {
  if (!text || mapText(text, escapeOpenings, String) === text) return text;
  const template = (resolve: Resolve) => mapText(text, escapeOpenings, (token) => String(resolve(token)));
  return Token.isUnresolved(text) ? new DeferredText(template).toString() : template(String);
}

/**
 * Text that is asked for when cdktf synthesizes, and then taken literally: for what the app may
 * still change. Tokens in it keep their meaning.
 */
export function deferredText(produce: () => string): string {
  return new DeferredText((resolve) =>
    mapText(produce(), escapeOpenings, (token) => String(resolve(token))),
  ).toString();
}

/** {@link literal} for the keys and values of a map. */
export function literals(map: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [literal(key), literal(value)]));
}

/** An expression in Terraform's language. It is written once the tokens in it are resolved. */
export class TerraformExpression {
  constructor(readonly write: (resolve: Resolve) => string) {}

  /** The expression as the value of an attribute. */
  toString(): string {
    return new DeferredText((resolve) => `\${${this.write(resolve)}}`).toString();
  }
}

/**
 * A value as JSON in base64. Terraform computes it, because only Terraform knows the values of
 * tokens.
 *
 * This does not use cdktf's `Fn.jsonencode`, which leaves quotes, backslashes, `%{` and keys
 * unescaped and drops nulls from lists.
 *
 * @param value what `JSON.stringify` takes, tokens and expressions
 * @throws ValidationError InvalidValue for what JSON cannot hold: NaN, infinite numbers, big
 *   integers, lone surrogates
 */
export function base64Json(value: unknown): TerraformExpression {
  // A first pass without the tokens throws what is wrong.
  expression(value, () => "");
  return new TerraformExpression((resolve) => `base64encode(jsonencode(${expression(value, resolve)}))`);
}

/** Gives the value of a token: text with its references as `${…}`, or another value. */
type Resolve = (token: unknown) => unknown;

/**
 * Text that is written when cdktf synthesizes. A string of tokens and `${` is not enough: cdktf
 * counts the braces in it, those of the text included, to decide whether a token is inside an
 * expression.
 */
class DeferredText implements IResolvable {
  readonly creationStack: string[] = [];

  constructor(private readonly write: (resolve: Resolve) => string) {}

  resolve(context: IResolveContext): string {
    return this.write((token) => {
      context.suppressBraces = false;
      return context.resolve(token);
    });
  }

  toString(): string {
    return Token.asString(this);
  }
}

function expression(value: unknown, resolve: Resolve): string {
  if (value instanceof TerraformExpression) return value.write(resolve);
  if (typeof value === "string") return quoted(value, resolve);
  if (Token.isUnresolved(value)) {
    const resolved = resolve(value);
    // A quoted template of a single interpolation keeps the type of its value.
    return typeof resolved === "string" ? `"${resolved}"` : expression(resolved, resolve);
  }
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (Array.isArray(value)) return `[${value.map((item) => expression(item ?? null, resolve)).join(", ")}]`;
  if (typeof value === "object") return object(value, resolve);
  throw new ValidationError(
    "InvalidValue",
    `JSON cannot hold ${describe(value)}; allowed are values of JSON and tokens`,
  );
}

function object(value: object & { toJSON?: () => unknown }, resolve: Resolve): string {
  if (typeof value.toJSON === "function") return expression(value.toJSON(), resolve);
  const items = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${items.map(([key, item]) => `${quoted(key, resolve)} = ${expression(item, resolve)}`).join(", ")}}`;
}

const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\" };

/**
 * A string literal of Terraform's language. Source: github.com/hashicorp/hcl, hclsyntax/spec.md,
 * "Template Expressions".
 */
function quoted(text: string, resolve: Resolve): string {
  if (/\p{Surrogate}/u.test(text))
    throw new ValidationError("InvalidValue", `JSON cannot hold ${JSON.stringify(text)}, which has a lone surrogate`);
  const escaped = (part: string) =>
    escapeOpenings(
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must be escaped
      part.replace(/["\\\u0000-\u001f\u007f]/g, (character) => ESCAPES[character] ?? unicodeEscape(character)),
    );
  return `"${mapText(text, escaped, (token) => String(resolve(token)))}"`;
}

function escapeOpenings(text: string): string {
  return text.replace(OPENING, "$&$&");
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Maps the tokens of a string and the text between them. */
function mapText(text: string, between: (part: string) => string, token: (token: string) => string): string {
  return text
    .split(TOKEN)
    .map((part, index) => (index % 2 === 0 ? between(part) : token(part)))
    .join("");
}

function describe(value: unknown): string {
  if (typeof value === "bigint" || typeof value === "number") return `the number ${value}`;
  return value === undefined ? "undefined" : `a ${typeof value}`;
}
