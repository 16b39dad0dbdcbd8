import { readFileSync } from "node:fs";

/** A file of secrets that cannot be read. Its message never holds a value. */
export class SecretsFileError extends Error {}

const NAME = /^(projects\/[^/\s]+\/secrets\/)?[A-Za-z0-9_-]{1,255}$/;

/**
 * Reads values of secrets: a JSON object, or lines `NAME=value` with `#` before comments. A name is
 * a secret's id, or its full name `projects/P/secrets/S`. Of a line, all behind the first `=` is
 * the value, without quotes around it; values of several lines need JSON.
 *
 * @throws SecretsFileError
 */
export function readSecrets(file: string): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    throw new SecretsFileError(`${file} cannot be read: ${(error as Error).message}`);
  }
  const values = text.trimStart().startsWith("{") ? ofJson(file, text) : ofLines(file, text);
  for (const name of Object.keys(values)) {
    if (!NAME.test(name))
      throw new SecretsFileError(`${file}: ${JSON.stringify(name)} is not a secret's name; ${ALLOWED}`);
  }
  return values;
}

const ALLOWED = "allowed: 1 to 255 of A-Z, a-z, 0-9, _ and -, with projects/<project>/secrets/ before it or without";

function ofJson(file: string, text: string): Record<string, string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // What JSON.parse says quotes the text, values and all.
    throw new SecretsFileError(`${file} begins with { but is not JSON`);
  }
  for (const [name, value] of Object.entries(parsed as object)) {
    if (typeof value !== "string") {
      throw new SecretsFileError(
        `${file}: the value of ${name} is not a text but ${Array.isArray(value) ? "a list" : typeof value}`,
      );
    }
  }
  return parsed as Record<string, string>;
}

function ofLines(file: string, text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [, name, value = ""] = /^\s*([^=]*?)\s*=(.*)$/.exec(line) ?? [];
    if (!name) throw new SecretsFileError(`${file}, line ${index + 1}: allowed is NAME=value`);
    if (Object.hasOwn(values, name)) throw new SecretsFileError(`${file}, line ${index + 1}: ${name} is there twice`);
    values[name] = value.replace(/^\s*(["'])(.*)\1\s*$/, "$2");
  }
  return values;
}
