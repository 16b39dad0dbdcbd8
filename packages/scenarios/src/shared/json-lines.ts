import { type Input, InputError } from "./scenario";

/** The lines of a JSON Lines file. @throws InputError that names the first line that is not JSON */
export function jsonLines({ name, content }: Input): { line: number; value: unknown }[] {
  const values = textLines(content).flatMap((text, index) => {
    if (text.trim() === "") return [];
    try {
      return [{ line: index + 1, value: JSON.parse(text) as unknown }];
    } catch (error) {
      throw new InputError(`${name}, line ${index + 1}: ${(error as Error).message}`);
    }
  });
  if (values.length === 0) throw new InputError(`${name} has no lines`);
  return values;
}

/** The values of a JSON Lines file, without the lines that are not JSON. */
export function valuesOf({ content }: Input): unknown[] {
  return textLines(content).flatMap((text) => {
    try {
      return [JSON.parse(text) as unknown];
    } catch {
      return [];
    }
  });
}

/** A JSON Lines file of these values. */
export function linesOf(values: readonly unknown[]): Buffer {
  return Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
}

function textLines(content: Buffer): string[] {
  return content
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .split("\n");
}
