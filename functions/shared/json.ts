import { isUtf8 } from "node:buffer";
import * as v from "valibot";
import { PermanentError } from "./errors";

/** Deeper JSON is refused: writing it again would overflow the stack. */
const MAX_DEPTH = 64;

/**
 * Parses JSON that somebody else wrote.
 *
 * @param what names the JSON in the error, e.g. "The body".
 * @throws PermanentError `malformed_json` for anything but UTF-8 JSON, `too_deep` for more than 64 levels. The message
 *   does not quote the text.
 */
export function parseJson(bytes: Buffer, what: string): unknown {
  const malformed = () => new PermanentError("malformed_json", `${what} (${bytes.length} bytes) is not JSON in UTF-8`);
  if (!isUtf8(bytes)) throw malformed();
  const text = bytes.toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed();
  }
  if (depth(text) > MAX_DEPTH)
    throw new PermanentError("too_deep", `${what} is nested deeper than ${MAX_DEPTH} levels`);
  return value;
}

/** Deepest nesting of a text that is known to be JSON. */
function depth(json: string): number {
  let deepest = 0;
  let level = 0;
  let inString = false;
  for (let i = 0; i < json.length; i++) {
    const character = json[i];
    if (inString && character === "\\") i++;
    else if (character === '"') inString = !inString;
    else if (inString) continue;
    else if (character === "[" || character === "{") deepest = Math.max(deepest, ++level);
    else if (character === "]" || character === "}") level--;
  }
  return deepest;
}

/**
 * Checks a value against a schema.
 *
 * @param what names the value in the error, e.g. "The payload".
 * @returns the schema's output.
 * @throws PermanentError `invalid_payload` that lists every issue: where, what was given, what is allowed.
 */
export function check<S extends v.GenericSchema>(schema: S, value: unknown, what: string): v.InferOutput<S> {
  // To valibot an array is an object, too.
  const candidate = schema.type === "object" && Array.isArray(value) ? "an array" : value;
  const result = v.safeParse(schema, candidate);
  if (result.success) return result.output;
  const issues = result.issues.map(describe);
  throw new PermanentError("invalid_payload", `${what} is not valid. ${issues.join(". ")}`, 400, issues);
}

function describe(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue) ?? "(whole)";
  if (issue.message.startsWith("Invalid key")) return `${path}: missing`;
  const received = issue.received.length > 100 ? `${issue.received.slice(0, 100)}…` : issue.received;
  // Our own messages say what is allowed; valibot's say "Invalid type: Expected X but received Y".
  const allowed = issue.message.startsWith("Invalid ") ? issue.expected : issue.message;
  return `${path}: given ${received}; allowed: ${allowed ?? issue.message}`;
}

/** An object with any keys and values of one kind; keys like `__proto__` are dropped. */
export function record<S extends v.GenericSchema>(values: S) {
  return v.pipe(
    v.custom<Record<string, unknown>>((value) => typeof value === "object" && !Array.isArray(value), "an object"),
    v.record(v.string(), values),
  );
}
