import type { Value } from "../values";
import { SyntaxProblem, type Token, tokenize } from "./tokens";

export type BinaryOperator =
  | "+"
  | "-"
  | "*"
  | "/"
  | "//"
  | "%"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "in"
  | "and"
  | "or";

export type Expression =
  | { readonly kind: "literal"; readonly value: Value }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "list"; readonly items: readonly Expression[] }
  | { readonly kind: "member"; readonly of: Expression; readonly key: Expression }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: "not" | "minus"; readonly operand: Expression }
  | {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    };

/** Characters of one expression. Source: cloud.google.com/workflows/quotas. */
const LONGEST = 400;

/**
 * How strongly operators bind. Source: docs/reference/syntax/datatypes, "Order of operations":
 * `not` and the minus sign bind most strongly, then products, sums, all comparisons with `in`,
 * `and`, `or`.
 */
const BINDS: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  in: 3,
  "==": 3,
  "!=": 3,
  "<": 3,
  "<=": 3,
  ">": 3,
  ">=": 3,
  "+": 4,
  "-": 4,
  "*": 5,
  "/": 5,
  "//": 5,
  "%": 5,
};
const COMPARISON = 3;

/** @param text the text between the braces of `${…}` @throws SyntaxProblem */
export function parseExpression(text: string): Expression {
  if (text.length > LONGEST)
    throw new SyntaxProblem(`the expression has ${text.length} characters; allowed: ${LONGEST}`);
  const parser = new Parser(tokenize(text));
  const expression = parser.expression(0);
  parser.expect("the end");
  return expression;
}

/** The target of an assignment: `name`, `name.key`, `name[0]["key"]`. @throws SyntaxProblem */
export function parseTarget(text: string): { name: string; keys: Expression[] } {
  const keys: Expression[] = [];
  let expression = parseExpression(text);
  while (expression.kind === "member") {
    keys.unshift(expression.key);
    expression = expression.of;
  }
  if (expression.kind !== "variable") throw new SyntaxProblem(`nothing can be assigned to ${JSON.stringify(text)}`);
  return { name: expression.name, keys };
}

class Parser {
  private at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  /** Operators that bind at least so strongly. */
  expression(least: number): Expression {
    let left = this.operand();
    for (;;) {
      const operator = this.operator();
      const binds = operator === undefined ? 0 : (BINDS[operator] ?? 0);
      if (operator === undefined || binds === 0 || binds < least) return left;
      this.at++;
      left = { kind: "binary", operator, left, right: this.expression(binds + 1) };
      if (binds === COMPARISON && BINDS[this.operator() ?? ""] === COMPARISON) {
        throw new SyntaxProblem("comparisons one after the other need parentheses");
      }
    }
  }

  expect(value: string): void {
    const token = this.next();
    if (token.value !== value || token.kind === "string")
      throw new SyntaxProblem(`expected ${value}, found ${shown(token)}`);
  }

  private operator(): BinaryOperator | undefined {
    const token = this.peek();
    if (token.kind !== "sign") return undefined;
    if (token.value === "not") throw new SyntaxProblem("not stands before a value: not (a in b)");
    return token.value as BinaryOperator;
  }

  private operand(): Expression {
    if (this.takes("not")) return { kind: "not", operand: this.operand() };
    if (this.takes("-")) return { kind: "minus", operand: this.operand() };
    let operand = this.primary();
    for (;;) {
      if (this.takes(".")) operand = { kind: "member", of: operand, key: { kind: "literal", value: this.name() } };
      else if (this.takes("[")) {
        operand = { kind: "member", of: operand, key: this.expression(0) };
        this.expect("]");
      } else if (this.takes("(")) operand = { kind: "call", name: qualifiedName(operand), args: this.list(")") };
      else return operand;
    }
  }

  private primary(): Expression {
    const token = this.next();
    if (token.kind === "integer" || token.kind === "double" || token.kind === "string") {
      return { kind: "literal", value: token.value };
    }
    if (token.kind === "name") return named(token.value);
    if (token.value === "[") return { kind: "list", items: this.list("]") };
    if (token.value === "(") {
      const inner = this.expression(0);
      this.expect(")");
      return inner;
    }
    throw new SyntaxProblem(`expected a value, found ${shown(token)}`);
  }

  private list(end: string): Expression[] {
    const items: Expression[] = [];
    if (this.takes(end)) return items;
    for (;;) {
      items.push(this.expression(0));
      if (this.takes(end)) return items;
      this.expect(",");
    }
  }

  private name(): string {
    const token = this.next();
    // After a dot the words of operators are names like others.
    if (token.kind === "name" || (token.kind === "sign" && /^[a-z]/.test(token.value))) return token.value;
    throw new SyntaxProblem(`expected a name, found ${shown(token)}`);
  }

  private takes(sign: string): boolean {
    const token = this.peek();
    if (token.kind !== "sign" || token.value !== sign) return false;
    this.at++;
    return true;
  }

  private peek(): Token {
    return this.tokens[this.at] as Token;
  }

  private next(): Token {
    const token = this.peek();
    if (token.kind !== "end") this.at++;
    return token;
  }
}

function named(name: string): Expression {
  if (name === "true" || name === "false") return { kind: "literal", value: name === "true" };
  return name === "null" ? { kind: "literal", value: null } : { kind: "variable", name };
}

/**
 * `text.url_encode` of a chain of members; also what a retry's predicate is named by.
 *
 * @throws SyntaxProblem
 */
export function qualifiedName(expression: Expression): string {
  if (expression.kind === "variable") return expression.name;
  if (expression.kind === "member" && expression.key.kind === "literal" && typeof expression.key.value === "string") {
    return `${qualifiedName(expression.of)}.${expression.key.value}`;
  }
  throw new SyntaxProblem("only a function's name can be called");
}

function shown({ kind, value }: Token): string {
  return kind === "string" ? JSON.stringify(value) : String(value);
}
