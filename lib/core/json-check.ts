import { existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, resolve } from "node:path";
import { packageRoot } from "./package-root";

/** Terraform JSON of a stack, as cdktf writes it. */
export interface StackJson {
  readonly terraform?: { readonly backend?: Readonly<Record<string, unknown>> };
  readonly resource?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly data?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly [block: string]: unknown;
}

/**
 * Finds faults that neither the compiler nor cdktf sees: values that were changed while they were
 * tokens, missing values, paths of this machine, a missing backend, dependencies on resources of
 * another stack. Each finding names the place.
 *
 * Text of the user's own is left alone: rules look for the traces that a fault leaves, not for
 * words.
 *
 * @param folders of this machine, which no value may name. By default the working directory, the
 *   home folder and this package
 */
export function jsonFindings(json: StackJson, folders: readonly string[] = machineFolders()): string[] {
  const findings: string[] = [];
  if (Object.keys(json.terraform?.backend ?? {}).length === 0) {
    findings.push("terraform.backend is missing: state would go to a path that depends on the folder");
  }
  visit(
    json,
    [],
    (text, keys) => {
      const problem = tokenProblem(text, keys) ?? missingProblem(text, keys) ?? pathProblem(text, keys, folders);
      if (problem) findings.push(`${keys.join(".")} ${problem}: ${text.slice(0, 120)}`);
    },
    findings,
  );
  findings.push(...foreignDependencies(json));
  return findings;
}

/**
 * Folders that differ from machine to machine. A link is listed with its target, as for the
 * temporary folder of macOS.
 */
export function machineFolders(...others: readonly string[]): string[] {
  const folders = [process.cwd(), homedir(), packageRoot(), ...others].map((folder) => resolve(folder));
  return [...new Set(folders.flatMap((folder) => [folder, existsSync(folder) ? realpathSync(folder) : folder]))];
}

/** @param keys path of the value: one array, which grows and shrinks while it is walked */
function visit(
  value: unknown,
  keys: string[],
  onText: (text: string, keys: readonly string[]) => void,
  findings: string[],
): void {
  if (typeof value === "string") {
    onText(value, keys);
  } else if (typeof value === "number") {
    if (Math.abs(value) > 1e200)
      findings.push(`${keys.join(".")} is a number token that arithmetic has touched: ${value}`);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      // Comments that cdktf writes for readers.
      if (key === "//") continue;
      keys.push(key);
      visit(item, keys, onText, findings);
      keys.pop();
    }
  }
}

function tokenProblem(text: string, keys: readonly string[]): string | undefined {
  // Any part of `${TfToken[TOKEN.47]}`, in upper or lower case.
  if (/TfToken\[|TOKEN\.\d+\]|\[TOKEN\./i.test(text)) return "holds a token that string methods have touched";
  // cdktf's number tokens are doubles with all digits, around -1.8e+289. Nobody writes such a
  // number.
  if (/\d\.\d{8,}e\+(28|29|30)\d/.test(text)) return "holds a number token that was made a string";
  if (text.includes("${") && keys.includes("replace_triggered_by")) return "holds ${…}, which Terraform refuses there";
  return undefined;
}

/** Sentences and code, which may hold any word. */
const PROSE = /\.(description|display_name|title|content|definition|source_contents)$/;
/** Values of the user's own, which may be any text. */
const VALUES = /\.(environment_variables|user_env_vars|parameters|headers|labels)\.|\.(body|filter|default)$|^locals\./;

function missingProblem(text: string, keys: readonly string[]): string | undefined {
  // Paths are joined for the few texts alone that may have a problem.
  if (!/undefined|NaN|\[object Object\]/.test(text)) return undefined;
  const path = keys.join(".");
  const problem = "holds a missing value";
  if (/\.source_contents$/.test(path)) return undefined;
  if (text.includes("[object Object]")) return problem;
  if (PROSE.test(path)) return undefined;
  if (VALUES.test(path)) return text === "undefined" || composedOfMissing(text) ? problem : undefined;
  return /\b(undefined|NaN)\b/.test(text) ? problem : undefined;
}

/**
 * Tells whether a missing value is a part of a name, path or address, such as `gs://undefined/x` or
 * `shard-NaN`. The bare word does not count.
 */
function composedOfMissing(text: string): boolean {
  return text
    .split(/[\s"'`(){}[\],;<>|=]+/)
    .map((word) => word.replace(/[.:!?]+$/, ""))
    .some(
      (word) =>
        !/^(undefined|NaN)$/.test(word) &&
        (/(^|[/:@._-])undefined($|[/:@._-])/.test(word) || /(^|[/@._-])NaN($|[/@._-])/.test(word)),
    );
}

function pathProblem(text: string, keys: readonly string[], folders: readonly string[]): string | undefined {
  if (isAbsolute(text) && isLocalFile(keys.join(".")))
    return "is an absolute path, which differs from machine to machine";
  const folder = folders.find((candidate) => names(text, candidate));
  return folder && `holds a path of this machine, below ${folder}`;
}

/** Attributes that Terraform reads on the machine where it runs. */
function isLocalFile(path: string): boolean {
  return /^terraform\.backend\.|^data\.terraform_remote_state\.|\.(source|filename)$/.test(path);
}

/** Tells whether a text names the folder or something in it. */
function names(text: string, folder: string): boolean {
  for (let at = text.indexOf(folder); at >= 0; at = text.indexOf(folder, at + 1)) {
    const [before, after] = [text[at - 1] ?? "", text[at + folder.length] ?? ""];
    if (/[\w.~\\-]/.test(before) || /[\w.-]/.test(after)) continue;
    // `/root`, `/app` and `/workspace` are folders of containers as well. A value means the
    // container's where this machine has no such file.
    const short = folder.split(/[/\\]/).filter(Boolean).length < 2;
    if (!short || isThere(text.slice(at), folder)) return true;
  }
  return false;
}

/**
 * Tells whether a text begins with the path of an existing file below a folder of this machine. A
 * path may hold blanks and commas.
 */
function isThere(text: string, folder: string): boolean {
  const [longest = ""] = /^[^"'`\n]*/.exec(text) ?? [];
  const ends = [...longest.matchAll(/[\s,;:]|$/g)].map(({ index }) => longest.slice(0, index));
  return ends.some((path) => path.length > folder.length + 1 && existsSync(path));
}

/** cdktf writes dependencies without checking in which stack they are. */
function foreignDependencies(json: StackJson): string[] {
  const own = new Set(
    [
      ...Object.entries(json.resource ?? {}).map(([type, byId]) => [type, byId] as const),
      ...Object.entries(json.data ?? {}).map(([type, byId]) => [`data.${type}`, byId] as const),
    ].flatMap(([type, byId]) => Object.keys(byId).map((id) => `${type}.${id}`)),
  );
  return Object.entries(json.resource ?? {}).flatMap(([type, byId]) =>
    Object.entries(byId).flatMap(([id, resource]) =>
      dependencies(resource)
        .filter((address) => !address.startsWith("module.") && !own.has(address))
        .map(
          (address) =>
            `resource.${type}.${id} depends on ${address}, which is not in this stack; import what is in another stack by name`,
        ),
    ),
  );
}

function dependencies(resource: unknown): readonly string[] {
  return (resource as { depends_on?: readonly string[] }).depends_on ?? [];
}
