import { ValidationError } from "../core/validation";

const MAX_BYTES = 256;

/**
 * Selects the messages of a subscription by their attributes. At most 256 bytes. A filter cannot be
 * changed: another filter replaces the subscription and its backlog.
 *
 * Syntax: https://cloud.google.com/pubsub/docs/subscription-message-filter
 *
 * Each method throws ValidationError InvalidFilter for a filter that Pub/Sub refuses.
 */
export class Filter {
  /** The message has the attribute, with any value. */
  static has(key: string): Filter {
    return new Filter(`attributes:${attributeKey(key)}`);
  }

  /** The attribute has this value. */
  static equals(key: string, value: string): Filter {
    return new Filter(`attributes.${attributeKey(key)} = ${quote(value)}`);
  }

  /** The attribute has another value, or the message does not have it. */
  static notEquals(key: string, value: string): Filter {
    return new Filter(`attributes.${attributeKey(key)} != ${quote(value)}`);
  }

  /** The value of the attribute begins with the prefix. */
  static hasPrefix(key: string, prefix: string): Filter {
    return new Filter(`hasPrefix(attributes.${attributeKey(key)}, ${quote(prefix)})`);
  }

  /** All filters hold. */
  static and(...filters: readonly Filter[]): Filter {
    return combine("AND", filters);
  }

  /** At least one filter holds. */
  static or(...filters: readonly Filter[]): Filter {
    return combine("OR", filters);
  }

  /** The filter does not hold. */
  static not(filter: Filter): Filter {
    // The grammar allows one NOT before a term, not two.
    return filter.negated ?? new Filter(`NOT ${filter.operand()}`, false, filter);
  }

  private constructor(
    private readonly expression: string,
    private readonly compound = false,
    private readonly negated?: Filter,
  ) {
    const bytes = Buffer.byteLength(expression);
    if (bytes > MAX_BYTES) {
      throw new ValidationError(
        "InvalidFilter",
        `filter ${expression} has ${bytes} bytes; allowed are up to ${MAX_BYTES}`,
      );
    }
  }

  /** The filter in Pub/Sub's syntax. */
  toString(): string {
    return this.expression;
  }

  private operand(): string {
    return this.compound ? `(${this.expression})` : this.expression;
  }

  /** @internal */
  static join(operator: string, filters: readonly Filter[]): Filter {
    return new Filter(filters.map((filter) => filter.operand()).join(` ${operator} `), true);
  }
}

function combine(operator: "AND" | "OR", filters: readonly Filter[]): Filter {
  const [first, ...others] = filters;
  if (!first) throw new ValidationError("InvalidFilter", `${operator} has no filters; allowed are one or more`);
  return others.length === 0 ? first : Filter.join(operator, filters);
}

function attributeKey(key: string): string {
  if (key === "") throw new ValidationError("InvalidFilter", "an attribute key is empty; allowed are 1 to 256 bytes");
  return /^(?!(AND|OR|NOT)$)[A-Za-z_][A-Za-z0-9_-]*$/.test(key) ? key : quote(key);
}

/**
 * Non-printing characters must be escaped. The page names `\u` among the escapes, so all are
 * written with it.
 */
function quote(text: string): string {
  if (/\p{Surrogate}/u.test(text)) {
    throw new ValidationError("InvalidFilter", `a filter holds ${JSON.stringify(text)}, which has a lone surrogate`);
  }
  const escaped = text
    .replace(/["\\]/g, "\\$&")
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `"${escaped}"`;
}
