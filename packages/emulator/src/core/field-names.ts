import { ApiError } from "./api-error";

/**
 * How the fields of a message were spelled that were given in snake_case. It is not a field itself.
 */
const SPELLINGS = Symbol("spellings");

/** Protobuf's own limit: https://protobuf.dev/programming-guides/proto-limits/ */
const MAX_DEPTH = 100;

interface Message {
  readonly [SPELLINGS]?: Readonly<Record<string, string>>;
}

/**
 * A request message with its fields in lowerCamelCase. Over REST Google's APIs take that and the
 * proto's own snake_case: "Parsers accept both the lowerCamelCase name (or the one specified by the
 * json_name option) and the original proto field name"
 * (https://protobuf.dev/programming-guides/json/).
 *
 * @param data fields, in lowerCamelCase, whose content is the user's own: keys of maps, `Struct`
 *   and `Value` stay as they are
 * @param depth of this message, counted from 1
 * @throws ApiError INVALID_ARGUMENT for over 100 levels, and for a field that is given in both
 *   spellings. Protobuf's conformance tests (FieldNameDuplicateDifferentCasing) allow a parser to
 *   refuse it or to take the last one.
 */
export function inCamelCase(message: object, data: ReadonlySet<string>, depth = 1): object {
  if (depth > MAX_DEPTH) {
    throw new ApiError("INVALID_ARGUMENT", `Invalid JSON payload received. Deeper than ${MAX_DEPTH} messages.`);
  }
  if (!Object.keys(message).some(isSnakeCase)) return withInside(message, data, depth);
  const spellings: Record<string, string> = {};
  const fields = new Map<string, unknown>();
  for (const [given, value] of Object.entries(message)) {
    const name = camelCase(given);
    if (fields.has(name)) throw givenTwice(name, spellings[name] ?? given);
    if (name !== given) spellings[name] = given;
    fields.set(name, data.has(name) ? value : inside(value, data, depth + 1));
  }
  return Object.assign(Object.fromEntries(fields), { [SPELLINGS]: spellings } satisfies Message);
}

/** The same for a message whose own fields are in lowerCamelCase. */
function withInside(message: object, data: ReadonlySet<string>, depth: number): object {
  const read: Record<string, unknown> & Message = { ...message, [SPELLINGS]: NONE };
  for (const name of Object.keys(read)) {
    const value = read[name];
    if (typeof value === "object" && !data.has(name)) read[name] = inside(value, data, depth + 1);
  }
  return read;
}

const NONE = {};

/** A field's name as the caller wrote it. */
export function spellingOf(message: object, name: string): string {
  return (message as Message)[SPELLINGS]?.[name] ?? name;
}

function inside(value: unknown, data: ReadonlySet<string>, depth: number): unknown {
  // No proto has a list of lists. The code that reads the field refuses it.
  if (Array.isArray(value)) return value.map((item) => (Array.isArray(item) ? item : inside(item, data, depth)));
  return typeof value === "object" && value !== null ? inCamelCase(value, data, depth) : value;
}

/** Only what a proto may call a field: `http_Request` or `_id` stay unknown names. */
function isSnakeCase(name: string): boolean {
  return name.includes("_") && /^[a-z][a-z0-9]*(_[a-z0-9]+)+$/.test(name);
}

function camelCase(name: string): string {
  if (!isSnakeCase(name)) return name;
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function givenTwice(name: string, other: string): ApiError {
  const message = `Invalid JSON payload received. Field ${JSON.stringify(name)} is given twice: as ${JSON.stringify(other)} too.`;
  return new ApiError("INVALID_ARGUMENT", message);
}
