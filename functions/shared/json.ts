import * as v from "valibot";
import { PermanentError } from "./errors";

/** Deeper JSON is refused: writing it again would overflow the stack. */
const MAX_DEPTH = 64;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Parses JSON that somebody else wrote.
 *
 * @param what names the JSON in the error, e.g. "The body".
 * @throws PermanentError `malformed_json` for anything but UTF-8 JSON, `too_deep` for more than 64 levels. The message
 *   does not quote the text.
 */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw new PermanentError("malformed_json", `${what} (${bytes.length} bytes) is not JSON in UTF-8`);
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
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const issues = result.issues.map((issue) => {
    const given = issue.received.length > 100 ? `${issue.received.slice(0, 100)}…` : issue.received;
    return `${v.getDotPath(issue) ?? "(whole)"}: given ${given}; allowed: ${allowed(issue)}`;
  });
  throw new PermanentError("invalid_payload", `${what} is not valid. ${issues.join(". ")}`, 400, issues);
}

/** Our own messages say what is allowed; valibot's say "Invalid type: Expected X but received Y". */
function allowed(issue: v.BaseIssue<unknown>): string {
  return issue.message.startsWith("Invalid ") ? (issue.expected ?? issue.message) : issue.message;
}
