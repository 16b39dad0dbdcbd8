import { inRange, isKnown, type Rule } from "./validation";

/** Rule: a text has at most so many bytes of UTF-8. Absent and unresolved values pass. */
export function inBytes(name: string, value: string | undefined, max: number): Rule {
  return inRange(name, isKnown(value) ? Buffer.byteLength(value) : undefined, { min: 0, max, unit: "bytes" });
}

/** Rule: a text has at most so many Unicode characters. Absent and unresolved values pass. */
export function inCharacters(name: string, value: string | undefined, max: number): Rule {
  return inRange(name, isKnown(value) ? [...value].length : undefined, { min: 0, max, unit: "characters" });
}

/** The beginning of a text that has at most so many bytes of UTF-8, without half a character at its end. */
export function cutToBytes(text: string, max: number): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.from(text).subarray(0, max), { stream: true });
}
