/** A definition that is not valid. */
export class SyntaxProblem extends Error {}

export type Token =
  | { readonly kind: "integer"; readonly value: bigint }
  | { readonly kind: "double"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "name"; readonly value: string }
  | { readonly kind: "sign"; readonly value: string }
  | { readonly kind: "end"; readonly value: "the end" };

/**
 * Words that mean the same in lower and in upper case. Source:
 * docs/reference/syntax/datatypes#logical_operators.
 */
const CASELESS = ["and", "or", "not"];
const LITERALS = ["true", "True", "TRUE", "false", "False", "FALSE", "null"];

const SPACE = /\s+/y;
const NUMBER = /\d+(\.\d+)?([eE][+-]?\d+)?/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const STRING = /"(?:[^"\\]|\\[\s\S])*"/y;
const SIGN = /==|!=|<=|>=|\/\/|[-+*/%<>()[\],.]/y;

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  '"': '"',
  "\\": "\\",
  "'": "'",
  "/": "/",
};

/** @throws SyntaxProblem */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at += match[0].length;
    return match;
  };
  for (;;) {
    take(SPACE);
    if (at === text.length) break;
    const number = take(NUMBER);
    const name = number ? null : take(NAME);
    const string = number || name ? null : take(STRING);
    const sign = number || name || string ? null : take(SIGN);
    if (number) tokens.push(numeral(number[0], Boolean(number[1] || number[2])));
    else if (name) tokens.push(word(name[0]));
    else if (string) tokens.push({ kind: "string", value: unescaped(string[0].slice(1, -1)) });
    else if (sign) tokens.push({ kind: "sign", value: sign[0] });
    else if (text[at] === '"') throw new SyntaxProblem(`the text that begins at ${at + 1} does not end`);
    else throw new SyntaxProblem(`${JSON.stringify(text[at])} at ${at + 1} is not part of an expression`);
  }
  return [...tokens, { kind: "end", value: "the end" }];
}

function numeral(text: string, fraction: boolean): Token {
  return fraction ? { kind: "double", value: Number(text) } : { kind: "integer", value: BigInt(text) };
}

function word(text: string): Token {
  const lower = text.toLowerCase();
  if (CASELESS.includes(lower) && (text === lower || text === text.toUpperCase()))
    return { kind: "sign", value: lower };
  if (text === "in") return { kind: "sign", value: text };
  return { kind: "name", value: LITERALS.includes(text) ? lower : text };
}

function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (sequence, code?: string, character?: string) => {
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    const plain = ESCAPES[character ?? ""];
    if (plain === undefined)
      throw new SyntaxProblem(`${sequence} is not an escape; allowed: \\n \\t \\r \\" \\\\ \\/ \\uXXXX`);
    return plain;
  });
}
