/** Decides by a message's attributes whether a subscription gets it. */
export type Filter = (attributes: Readonly<Record<string, string>>) => boolean;

const MAX_BYTES = 256;

/**
 * Blanks, then one token: a string, a name, an operator or a bracket. Non-printing characters in
 * strings must be escaped.
 */
const TOKEN = /\s*(?:("(?:[^"\\\p{Cc}]|\\[^\p{Cc}])*")|([A-Za-z0-9_][A-Za-z0-9_-]*)|(!=|[-=:.,()]))/uy;
/** The same for a key, which may begin with a hyphen. Elsewhere a hyphen is NOT. */
const KEY_TOKEN = new RegExp(TOKEN.source.replace("[A-Za-z0-9_][A-Za-z0-9_-]*", "[A-Za-z0-9_-]+"), "uy");

interface Token {
  readonly kind: "string" | "name" | "sign";
  readonly text: string;
  readonly at: number;
}

/**
 * Reads a subscription's filter: `attributes:KEY`, `attributes.KEY = "v"`, `!=`,
 * `hasPrefix(attributes.KEY, "p")`, `NOT` or `-`, `AND`, `OR`, brackets; keys in quotes if they
 * have other characters than letters, digits, `-` and `_`. At most 256 bytes, operators in
 * capitals, and no `AND` beside `OR` without brackets. A message without the key matches `!=`.
 * Source: https://docs.cloud.google.com/pubsub/docs/subscription-message-filter
 *
 * @throws Error that says where it is wrong
 */
export function parseFilter(filter: string): Filter {
  if (Buffer.byteLength(filter) > MAX_BYTES) {
    throw new Error(`the filter has ${Buffer.byteLength(filter)} bytes; allowed: ${MAX_BYTES}`);
  }
  return new Parser(filter).parse();
}

class Parser {
  private readonly tokens: Token[];
  private position = 0;

  constructor(private readonly source: string) {
    this.tokens = this.tokenize();
  }

  parse(): Filter {
    const filter = this.condition();
    if (this.position < this.tokens.length) throw this.unexpected("AND, OR or the end");
    return filter;
  }

  private condition(): Filter {
    const parts = [this.negation()];
    const operator = this.peek()?.kind === "name" ? this.peek()?.text : undefined;
    if (operator !== "AND" && operator !== "OR") return parts[0] as Filter;
    while (this.takes("name", operator)) parts.push(this.negation());
    if (["AND", "OR"].includes(this.peek()?.text ?? ""))
      throw this.unexpected(`${operator}, or brackets around either side`);
    return operator === "AND"
      ? (attributes) => parts.every((part) => part(attributes))
      : (attributes) => parts.some((part) => part(attributes));
  }

  private negation(): Filter {
    if (!this.takes("name", "NOT") && !this.takes("sign", "-")) return this.term();
    const term = this.term();
    return (attributes) => !term(attributes);
  }

  private term(): Filter {
    if (this.takes("sign", "(")) {
      const inner = this.condition();
      this.expect("sign", ")");
      return inner;
    }
    if (this.takes("name", "hasPrefix")) {
      this.expect("sign", "(");
      this.expect("name", "attributes");
      this.expect("sign", ".");
      const key = this.key();
      this.expect("sign", ",");
      const prefix = this.value();
      this.expect("sign", ")");
      return (attributes) => lookUp(attributes, key)?.startsWith(prefix) ?? false;
    }
    if (!this.takes("name", "attributes")) throw this.unexpected("attributes, hasPrefix, NOT or a bracket");
    if (this.takes("sign", ":")) {
      const key = this.key();
      return (attributes) => lookUp(attributes, key) !== undefined;
    }
    this.expect("sign", ".");
    const key = this.key();
    const equal = this.takes("sign", "=");
    if (!equal) this.expect("sign", "!=");
    const value = this.value();
    return (attributes) => (lookUp(attributes, key) === value) === equal;
  }

  private key(): string {
    const token = this.tokens[this.position++];
    if (token?.kind === "string") return unquote(token);
    if (token?.kind === "name") return token.text;
    this.position--;
    throw this.unexpected("a key");
  }

  private value(): string {
    const token = this.peek();
    if (token?.kind !== "string") throw this.unexpected("a text in double quotes");
    this.position++;
    return unquote(token);
  }

  private peek(): Token | undefined {
    return this.tokens[this.position];
  }

  private takes(kind: Token["kind"], text: string): boolean {
    const token = this.peek();
    if (token?.kind !== kind || token.text !== text) return false;
    this.position++;
    return true;
  }

  private expect(kind: Token["kind"], text: string): void {
    if (!this.takes(kind, text)) throw this.unexpected(text);
  }

  private unexpected(expected: string): Error {
    const token = this.peek();
    const found = token ? `${token.text} at ${token.at}` : "the end";
    return new Error(`the filter ${this.source} is not valid: found ${found}, expected ${expected}`);
  }

  private tokenize(): Token[] {
    const { source } = this;
    const tokens: Token[] = [];
    let start = 0;
    while (start < source.trimEnd().length) {
      const pattern = /^[.:]$/.test(tokens.at(-1)?.text ?? "") ? KEY_TOKEN : TOKEN;
      pattern.lastIndex = start;
      const match = pattern.exec(source);
      if (!match)
        throw new Error(`the filter ${source} is not valid: cannot read ${source.slice(start).trim()} at ${start}`);
      const [, string, name, sign = ""] = match;
      const text = string ?? name ?? sign;
      const kind = string !== undefined ? "string" : name !== undefined ? "name" : "sign";
      start = pattern.lastIndex;
      tokens.push({ kind, text, at: start - text.length });
    }
    return tokens;
  }
}

function lookUp(attributes: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(attributes, key) ? attributes[key] : undefined;
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  '"': '"',
  "'": "'",
  "\\": "\\",
};

/** Backslashes escape; `\uXXXX`, `\xXX` and octal `\NNN` are characters. */
function unquote({ text, at }: Token): string {
  return text
    .slice(1, -1)
    .replace(
      /\\(?:u([\da-fA-F]{4})|x([\da-fA-F]{2})|([0-3][0-7]{2})|(.))/gu,
      (sequence, unicode, hex, octal, plain) => {
        if (plain !== undefined) {
          const character = ESCAPES[plain];
          if (character === undefined)
            throw new Error(`the filter's text ${text} at ${at} holds ${sequence}, which is not an escape`);
          return character;
        }
        const [digits, base] = octal !== undefined ? [octal, 8] : [unicode ?? hex, 16];
        return String.fromCharCode(Number.parseInt(digits, base));
      },
    );
}
