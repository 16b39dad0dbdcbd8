import { BigFloat } from "./number";

/**
 * Terraform's expression language, as far as synthesized JSON uses it: literals, templates,
 * references, indices, function calls, objects, lists, operators and conditionals. It is written by
 * hand: the npm parsers that give a syntax tree of HCL are abandoned, or megabytes of WebAssembly
 * or native code, and none evaluates.
 *
 * Source of the grammar: github.com/hashicorp/hcl, hclsyntax/spec.md.
 */
export type Expression =
  | { readonly kind: "literal"; readonly value: string | number | boolean | null | BigFloat }
  | { readonly kind: "template"; readonly parts: readonly Expression[] }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "index"; readonly of: Expression; readonly key: Expression }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: "list"; readonly items: readonly Expression[] }
  | { readonly kind: "object"; readonly items: readonly (readonly [key: Expression, value: Expression])[] }
  | { readonly kind: "unary"; readonly operator: string; readonly operand: Expression }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "conditional"; readonly test: Expression; readonly yes: Expression; readonly no: Expression };

/** An expression that is malformed or not supported. */
export class ExpressionError extends Error {}

/**
 * Parses a string of Terraform JSON, which is always a template. A single interpolation keeps the
 * type of its expression, as in Terraform.
 *
 * @throws ExpressionError
 */
export function parseTemplate(text: string): Expression {
  const parser = new Parser(text);
  const template = parser.template(false);
  parser.end();
  return template;
}

/** From the lowest to the highest precedence; operators in one line have the same one. */
const BINARY = [["||"], ["&&"], ["==", "!="], ["<=", ">=", "<", ">"], ["+", "-"], ["*", "/", "%"]];
const IDENTIFIER = /[\p{ID_Start}_][\p{ID_Continue}-]*/uy;
const NUMBER = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\" };
const MAX_DEPTH = 200;

class Parser {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  end(): void {
    if (this.at < this.text.length) throw this.unexpected();
  }

  /** @param quoted whether it has backslash escapes and ends at a quote, which is consumed */
  template(quoted: boolean): Expression {
    const parts: Expression[] = [];
    let literal = "";
    const flush = () => {
      if (literal !== "") parts.push({ kind: "literal", value: literal });
      literal = "";
    };
    for (;;) {
      if (this.at >= this.text.length) {
        if (quoted) throw new ExpressionError("a string is not closed");
        break;
      }
      if (quoted && this.take('"')) break;
      if (this.take("$${")) literal += "${";
      else if (this.take("%%{")) literal += "%{";
      else if (this.take("%{")) throw new ExpressionError("template directives (%{ … }) are not understood");
      else if (this.take("${")) {
        if (this.take("~")) throw new ExpressionError("strip markers (~) are not understood");
        flush();
        parts.push(this.expression());
        this.expect("}");
      } else if (quoted && this.take("\\")) literal += this.escape();
      else literal += this.text[this.at++];
    }
    flush();
    const [only] = parts;
    if (!only) return { kind: "literal", value: "" };
    return parts.length === 1 ? only : { kind: "template", parts };
  }

  private escape(): string {
    const letter = this.text[this.at++] ?? "";
    const plain = ESCAPES[letter];
    if (plain !== undefined) return plain;
    const digits = letter === "u" ? 4 : letter === "U" ? 8 : 0;
    const code = this.text.slice(this.at, this.at + digits);
    if (digits === 0 || !new RegExp(`^[0-9a-fA-F]{${digits}}$`).test(code) || Number.parseInt(code, 16) > 0x10ffff) {
      throw new ExpressionError(`\\${letter} is not an escape`);
    }
    this.at += digits;
    return String.fromCodePoint(Number.parseInt(code, 16));
  }

  private expression(): Expression {
    if (++this.depth > MAX_DEPTH) throw new ExpressionError(`nested deeper than ${MAX_DEPTH} levels`);
    const test = this.binary(0);
    let result = test;
    if (this.symbol("?")) {
      const yes = this.expression();
      this.expect(":");
      result = { kind: "conditional", test, yes, no: this.expression() };
    }
    this.depth--;
    return result;
  }

  private binary(level: number): Expression {
    const operators = BINARY[level];
    if (!operators) return this.unary();
    let left = this.binary(level + 1);
    for (;;) {
      const operator = operators.find((candidate) => this.symbol(candidate));
      if (!operator) return left;
      left = { kind: "binary", operator, left, right: this.binary(level + 1) };
    }
  }

  private unary(): Expression {
    for (const operator of ["!", "-"]) {
      if (this.symbol(operator)) return { kind: "unary", operator, operand: this.unary() };
    }
    let value = this.primary();
    for (;;) {
      if (this.symbol("[")) {
        if (this.symbol("*")) throw new ExpressionError("splats (*) are not understood");
        value = { kind: "index", of: value, key: this.expression() };
        this.expect("]");
      } else if (!this.text.startsWith("...", this.at) && this.symbol(".")) {
        if (this.symbol("*")) throw new ExpressionError("splats (*) are not understood");
        const name = this.match(IDENTIFIER) ?? this.match(/\d+/y);
        if (name === undefined) throw this.unexpected();
        value = { kind: "index", of: value, key: literal(/^\d/.test(name) ? Number(name) : name) };
      } else return value;
    }
  }

  private primary(): Expression {
    if (this.symbol('"')) return this.template(true);
    if (this.symbol("(")) {
      const inner = this.expression();
      this.expect(")");
      return inner;
    }
    if (this.symbol("[")) return { kind: "list", items: this.list("]") };
    if (this.symbol("{")) return this.object();
    if (this.symbol("<<")) throw new ExpressionError("heredocs (<<) are not understood");
    const number = this.match(NUMBER);
    if (number !== undefined) return literal(BigFloat.parse(number) ?? Number(number));
    const name = this.match(IDENTIFIER);
    if (name === undefined) throw this.unexpected();
    if (this.symbol("(")) return { kind: "call", name, args: this.list(")") };
    if (name === "true" || name === "false") return literal(name === "true");
    return name === "null" ? literal(null) : { kind: "name", name };
  }

  private list(close: string): Expression[] {
    this.refuseFor();
    const items: Expression[] = [];
    while (!this.symbol(close)) {
      items.push(this.expression());
      if (this.symbol("...")) throw new ExpressionError("argument expansion (...) is not understood");
      if (this.symbol(",")) continue;
      this.expect(close);
      break;
    }
    return items;
  }

  private object(): Expression {
    this.refuseFor();
    const items: [Expression, Expression][] = [];
    while (!this.symbol("}")) {
      const key = this.expression();
      if (!this.symbol("=") && !this.symbol(":")) throw this.unexpected();
      // A bare name is a key. In parentheses it would be a reference, which is not supported.
      items.push([key.kind === "name" ? literal(key.name) : key, this.expression()]);
      if (this.symbol(",") || this.afterLineBreak()) continue;
      this.expect("}");
      break;
    }
    return { kind: "object", items };
  }

  private refuseFor(): void {
    const start = this.at;
    if (this.match(IDENTIFIER) === "for") throw new ExpressionError("for expressions are not understood");
    this.at = start;
  }

  private skip(): void {
    while (/\s/.test(this.text[this.at] ?? "")) this.at++;
  }

  private afterLineBreak(): boolean {
    let from = this.at;
    while (/\s/.test(this.text[from - 1] ?? "")) from--;
    return this.text.slice(from, this.at).includes("\n");
  }

  private match(pattern: RegExp): string | undefined {
    this.skip();
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  private symbol(symbol: string): boolean {
    this.skip();
    return this.take(symbol);
  }

  private take(symbol: string): boolean {
    if (!this.text.startsWith(symbol, this.at)) return false;
    this.at += symbol.length;
    return true;
  }

  private expect(symbol: string): void {
    if (!this.symbol(symbol)) throw this.unexpected(symbol);
  }

  private unexpected(wanted?: string): ExpressionError {
    const found = this.at < this.text.length ? JSON.stringify(this.text.slice(this.at, this.at + 20)) : "the end";
    return new ExpressionError(
      `${found} at character ${this.at + 1}${wanted === undefined ? " is not understood" : `, where ${wanted} should be`}`,
    );
  }
}

function literal(value: string | number | boolean | null | BigFloat): Expression {
  return { kind: "literal", value };
}
