import type { Problems, Template } from "./definition";
import { parseExpression, qualifiedName } from "./expression/parse";
import { SyntaxProblem } from "./expression/tokens";
import { fromPlain } from "./values";

export type Plain = Readonly<Record<string, unknown>>;
export type Path = readonly (string | number)[];

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Reads values that may be anywhere in a definition. Errors go to the problems, with their path.
 */
export class Reader {
  constructor(protected readonly problems: Problems) {}

  /** `${http.default_retry_predicate}`: a function that is named, not called. */
  protected reference(text: string, path: Path): string {
    const inner = expressionIn(text);
    const name = inner === undefined ? undefined : this.attempted(path, () => qualifiedName(parseExpression(inner)));
    if (inner === undefined)
      this.problems.add(path, `${JSON.stringify(text)} names no function; it looks like \${name}`);
    return name ?? "";
  }

  protected template(plain: unknown, path: Path): Template {
    if (typeof plain === "string") return this.textTemplate(plain, path);
    if (Array.isArray(plain))
      return { kind: "list", items: plain.map((item, at) => this.template(item, [...path, at])) };
    if (typeof plain === "object" && plain !== null) {
      return {
        kind: "map",
        // Source of expressions as keys: docs/reference/syntax/maps, "dynamic keys".
        entries: Object.entries(plain).map(([key, value]) => [
          this.textTemplate(key, [...path, key]),
          this.template(value, [...path, key]),
        ]),
      };
    }
    // Whole numbers are bigint here already; another number was written with a fraction.
    return { kind: "constant", value: typeof plain === "number" ? plain : fromPlain(plain) };
  }

  private textTemplate(text: string, path: Path): Template {
    const inner = expressionIn(text);
    if (inner !== undefined) {
      const expression = this.attempted(path, () => parseExpression(inner));
      if (expression) return { kind: "expression", expression };
    } else if (text.includes("${")) {
      this.problems.add(
        path,
        `${JSON.stringify(text)}: an expression is the whole of a value; join texts with + inside of it`,
      );
    }
    return { kind: "constant", value: text };
  }

  protected attempted<T>(path: Path, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof SyntaxProblem)) throw error;
      this.problems.add(path, error.message);
      return undefined;
    }
  }

  protected map(plain: unknown, path: Path): Plain {
    if (typeof plain === "object" && plain !== null && !Array.isArray(plain)) return plain as Plain;
    this.problems.add(path, `expected a map, found ${JSON.stringify(plain) ?? "nothing"}`);
    return {};
  }

  protected list(plain: unknown, path: Path): readonly unknown[] {
    if (Array.isArray(plain)) return plain;
    this.problems.add(path, `expected a list, found ${plain === undefined ? "nothing" : typeof plain}`);
    return [];
  }

  protected text(plain: unknown, path: Path): string {
    if (typeof plain === "string") return plain;
    this.problems.add(path, `expected a text, found ${plain === undefined ? "nothing" : typeof plain}`);
    return "";
  }

  protected name(plain: unknown, path: Path): string {
    if (typeof plain === "string" && NAME.test(plain)) return plain;
    this.problems.add(path, `${JSON.stringify(plain) ?? "nothing"} is not a variable's name`);
    return "";
  }

  protected only(plain: Plain, known: readonly string[], path: Path): void {
    for (const name of Object.keys(plain))
      if (!known.includes(name)) this.problems.add(path, `${name} is not simulated or not known here`);
  }
}

export const isNumeral = (plain: unknown) => typeof plain === "number" || typeof plain === "bigint";

/** The text between the braces, if the whole text is an expression. */
export function expressionIn(text: string): string | undefined {
  const trimmed = text.trim();
  return trimmed.startsWith("${") && trimmed.endsWith("}") ? trimmed.slice(2, -1) : undefined;
}
