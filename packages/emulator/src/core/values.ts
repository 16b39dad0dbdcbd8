import { ApiError } from "./api-error";
import { spellingOf } from "./field-names";

/** How values are encoded in an answer: as JSON over REST, as a protobuf message over gRPC. */
export interface Wire {
  /** @param time milliseconds since 1970 */
  time(time: number): unknown;
  /** @param duration milliseconds */
  duration(duration: number): unknown;
  bytes(data: Buffer): unknown;
  enumeration(name: string, numbers: Readonly<Record<string, number>>): unknown;
}

/** Source: JSON mapping of https://protobuf.dev/programming-guides/json/ */
export const JSON_WIRE: Wire = {
  time: rfc3339,
  duration: (duration) => `${duration / 1000}s`,
  bytes: (data) => data.toString("base64"),
  enumeration: (name) => name,
};

export const GRPC_WIRE: Wire = {
  time: seconds,
  duration: seconds,
  bytes: (data) => data,
  enumeration: (name, numbers) => numbers[name],
};

/** `2026-01-01T00:00:00Z`, with milliseconds where there are any. */
export function rfc3339(time: number): string {
  return new Date(time).toISOString().replace(".000Z", "Z");
}

function seconds(milliseconds: number): object {
  const whole = Math.floor(milliseconds / 1000);
  return { seconds: whole, nanos: Math.round((milliseconds - whole * 1000) * 1e6) };
}

/** Whether a value means "not given", over either protocol. */
export function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (value instanceof Uint8Array && value.length === 0);
}

/** @returns milliseconds since 1970; undefined where it was not given */
export function readTime(value: unknown, field: string): number | undefined {
  if (isUnset(value)) return undefined;
  if (typeof value === "string") {
    const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(value)
      ? Date.parse(value)
      : Number.NaN;
    if (Number.isNaN(time)) throw invalid(field, value, "a timestamp like 2026-01-31T12:00:00Z");
    return time;
  }
  return readParts(value, field);
}

/** @returns milliseconds; undefined where it was not given */
export function readDuration(value: unknown, field: string): number | undefined {
  if (isUnset(value)) return undefined;
  if (typeof value === "string") {
    if (!/^-?\d+(\.\d{1,9})?s$/.test(value)) throw invalid(field, value, "a duration like 3.5s");
    return Number(value.slice(0, -1)) * 1000;
  }
  return readParts(value, field);
}

/** `{seconds, nanos}`; seconds may be a number, a text or a Long. */
function readParts(value: unknown, field: string): number {
  const { seconds, nanos } = value as { seconds?: unknown; nanos?: unknown };
  const milliseconds = Number(String(seconds ?? 0)) * 1000 + Number(nanos ?? 0) / 1e6;
  if (typeof value !== "object" || Number.isNaN(milliseconds)) throw invalid(field, value, "seconds and nanos");
  return milliseconds;
}

/** base64 (both alphabets) over REST, bytes over gRPC. */
export function readBytes(value: unknown, field: string): Buffer {
  if (isUnset(value)) return Buffer.alloc(0);
  if (value instanceof Uint8Array) return Buffer.isBuffer(value) ? value : Buffer.from(value);
  if (typeof value !== "string" || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) throw invalid(field, value, "base64");
  return Buffer.from(value, "base64");
}

/** A name or a number over either wire. @returns the name; undefined where it was not given */
export function readEnum<E extends string>(
  value: unknown,
  numbers: Readonly<Record<E, number>>,
  field: string,
): E | undefined {
  if (isUnset(value)) return undefined;
  const names = Object.keys(numbers) as E[];
  const name = names.find((each) => each === value || numbers[each] === value);
  if (!name) throw invalid(field, value, names.join(", "));
  return name;
}

export function readText(value: unknown, field: string): string {
  if (isUnset(value)) return "";
  if (typeof value !== "string") throw invalid(field, value, "a text");
  return value;
}

export function readTexts(value: unknown, field: string): Record<string, string> {
  if (isUnset(value)) return {};
  const texts = typeof value === "object" && !Array.isArray(value) ? Object.entries(value as object) : [["", value]];
  for (const [, text] of texts) if (typeof text !== "string") throw invalid(field, text, "texts under their names");
  return Object.fromEntries(texts);
}

/** Refuses fields that the message does not have, in the words of Google's REST APIs. */
export function rejectUnknownFields(value: object, fields: readonly string[], at: string): void {
  const unknown = Object.keys(value).find((name) => !fields.includes(name));
  if (unknown === undefined) return;
  throw new ApiError(
    "INVALID_ARGUMENT",
    `Invalid JSON payload received. Unknown name "${spellingOf(value, unknown)}"${at ? ` at '${at}'` : ""}: Cannot find field.`,
  );
}

function invalid(field: string, value: unknown, allowed: string): ApiError {
  const given = String(JSON.stringify(value)).slice(0, 100);
  return new ApiError("INVALID_ARGUMENT", `Invalid value at '${field}': given ${given}; allowed: ${allowed}`);
}
