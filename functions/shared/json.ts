import * as v from "valibot";
import { PermanentError } from "./errors";
import { isExact } from "./exact-number";
import { requireUtf8 } from "./utf8";

/** Deeper JSON is rejected: serializing it would overflow the stack. */
const MAX_DEPTH = 64;
/**
 * Most nested values for which all issues are listed. The issues of a larger value could be a
 * hundred times its size, so only the first is listed.
 */
const MAX_VALUES_LISTED = 1000;
/** Most characters of a path or value that an issue quotes. */
const MAX_QUOTED = 100;

/**
 * Parses JSON from outside.
 *
 * @param what names the JSON in the error, e.g. "The body".
 * @param maxValues most values, keys included. Default: any number. Each value takes up to 60 bytes
 *   of memory, and may take as little text as `{},`.
 * @throws PermanentError `wrong_encoding`; `malformed_json`; `too_deep` for more than 64 levels;
 *   `too_many_values`; `inexact_number` for a number that loses digits as a double (see `isExact`).
 *   The message quotes nothing of the text except that number.
 */
export function parseJson(bytes: Buffer, what: string, maxValues = Number.POSITIVE_INFINITY): unknown {
  requireUtf8(bytes, what);
  // Checked before parsing, since parsing allocates the memory.
  const { depth, values, inexact } = measure(bytes);
  if (depth > MAX_DEPTH) throw new PermanentError("too_deep", `${what} is nested deeper than ${MAX_DEPTH} levels`);
  if (values > maxValues) throw new PermanentError("too_many_values", `${what} holds more than ${maxValues} values`);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    throw new PermanentError("malformed_json", `${what} (${bytes.length} bytes) is not JSON in UTF-8`);
  }
  if (inexact) throw inexactNumber(inexact, what);
  return value;
}

function inexactNumber({ literal, offset }: Literal, what: string): PermanentError {
  const number = Number(literal);
  const becomes = Number.isFinite(number) ? `would become ${number}` : "is beyond the range of a double";
  const message = `${what} holds the number ${shortened(literal)} at byte offset ${offset}, which ${becomes}; allowed: numbers that a double holds, others as strings`;
  return new PermanentError("inexact_number", message);
}

const BACKSLASH = 0x5c;
/**
 * Every number of at most 15 digits is exact:
 * https://en.cppreference.com/w/cpp/types/numeric_limits/digits10
 */
const ALWAYS_EXACT = 15;

/** A number in a JSON text. */
interface Literal {
  readonly literal: string;
  /** Bytes before it. */
  readonly offset: number;
}

interface Measures {
  /** Deepest nesting. */
  readonly depth: number;
  /** Most values, keys included. */
  readonly values: number;
  /** The first number that loses digits as a double. */
  readonly inexact?: Literal;
}

function measure(json: Buffer): Measures {
  let depth = 0;
  let level = 0;
  let values = 1;
  let inexact: Literal | undefined;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i] ?? 0;
    if (isDigit(byte) || byte === MINUS) {
      const offset = i;
      while (continuesNumber(json[i + 1] ?? 0)) i++;
      inexact ??= inexactAt(json, offset, i + 1);
      continue;
    }
    switch (byte) {
      case 0x22: // "
        i = endOfString(json, i);
        break;
      case 0x2c: // ,
      case 0x3a: // :
        values++;
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth = Math.max(depth, ++level);
        values++;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        level--;
    }
  }
  return { depth, values, inexact };
}

const MINUS = 0x2d;
const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;
const isExponent = (byte: number) => byte === 0x65 || byte === 0x45;
const continuesNumber = (byte: number) =>
  isDigit(byte) || byte === 0x2e || byte === MINUS || byte === 0x2b || isExponent(byte);

function inexactAt(json: Buffer, offset: number, end: number): Literal | undefined {
  const bytes = json.subarray(offset, end);
  if (bytes.length <= ALWAYS_EXACT && !bytes.some(isExponent)) return undefined;
  const literal = bytes.toString("latin1");
  return isExact(literal) ? undefined : { literal, offset };
}

/** End of the string that begins at `start`: the next quote after an even number of backslashes. */
function endOfString(json: Buffer, start: number): number {
  for (let end = json.indexOf('"', start + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (json[end - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return json.length;
}

/**
 * Checks a value against a schema.
 *
 * @param what names the value in the error, e.g. "The payload".
 * @returns the schema's output.
 * @throws PermanentError `invalid_payload` that lists every issue: where, what was given, what is
 *   allowed. For a value with more than 1000 nested values it lists only the first issue.
 */
export function check<S extends v.GenericSchema>(schema: S, value: unknown, what: string): v.InferOutput<S> {
  // To valibot an array is an object, too.
  const candidate = /^(strict_)?object$/.test(schema.type) && Array.isArray(value) ? "an array" : value;
  const first = v.safeParse(schema, candidate, { abortEarly: true });
  if (first.success) return first.output;
  const all = holdsMoreThan(MAX_VALUES_LISTED, value) ? first : v.safeParse(schema, candidate);
  const issues = (all.issues ?? first.issues).map(describe);
  throw new PermanentError("invalid_payload", `${what} is not valid. ${issues.join(". ")}`, 400, issues);
}

function holdsMoreThan(limit: number, value: unknown): boolean {
  const found = [value];
  for (let i = 0; i < found.length; i++) {
    const item = found[i];
    if (typeof item === "object" && item !== null) {
      for (const inner of Object.values(item)) if (found.push(inner) > limit) return true;
    }
  }
  return false;
}

function describe(issue: v.BaseIssue<unknown>): string {
  const path = shortened(v.getDotPath(issue) ?? "(whole)");
  if (issue.message.startsWith("Invalid key")) return `${path}: missing`;
  // The messages of this project say what is allowed; valibot's say "Invalid type: Expected X but
  // received Y".
  const allowed = issue.message.startsWith("Invalid ") ? issue.expected : issue.message;
  return `${path}: given ${shortened(issue.received)}; allowed: ${allowed ?? issue.message}`;
}

function shortened(text: string): string {
  return text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
}

/** An object with any keys and values of one type. Drops keys like `__proto__`. */
export function record<S extends v.GenericSchema>(values: S) {
  return v.pipe(
    v.custom<Record<string, unknown>>((value) => typeof value === "object" && !Array.isArray(value), "an object"),
    v.record(v.string(), values),
  );
}
