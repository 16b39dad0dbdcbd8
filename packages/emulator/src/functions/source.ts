import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { unzipSync } from "fflate";

const FRAMEWORK = "@google-cloud/functions-framework";

/** The program that runs functions, as in production. */
export const FRAMEWORK_MAIN = join(dirname(require.resolve(FRAMEWORK)), "main.js");

/**
 * Unpacks the zip that would be uploaded.
 *
 * @throws Error for a file that leads out of the archive
 */
export function unpack(zip: string, folder: string): void {
  const inside = resolve(folder) + sep;
  for (const [name, bytes] of Object.entries(unzipSync(readFileSync(zip)))) {
    const file = resolve(folder, name);
    if (!file.startsWith(inside)) throw new Error(`${zip}: ${name} leads out of the archive`);
    mkdirSync(name.endsWith("/") ? file : dirname(file), { recursive: true });
    if (!name.endsWith("/")) writeFileSync(file, bytes);
  }
}

/**
 * Makes an unpacked source of Node.js ready to run. The framework is linked to this project's;
 * Google's build would install other packages that are not in the zip, which is not simulated.
 *
 * @throws Error naming the packages
 */
export function linkFramework(zip: string, folder: string): void {
  const modules = join(folder, "node_modules");
  const dependencies = Object.keys(packageJsonOf(folder).dependencies ?? {});
  const missing = dependencies.filter((name) => name !== FRAMEWORK && !existsSync(join(modules, name)));
  if (missing.length > 0) {
    throw new Error(
      `${zip}: its package.json asks for ${missing.join(", ")}, and installing packages is not simulated`,
    );
  }
  const link = join(modules, FRAMEWORK);
  if (existsSync(link)) return;
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(resolve(dirname(FRAMEWORK_MAIN), "..", ".."), link, "junction");
}

/** The scripts of an unpacked source's package.json. */
export function scriptsOf(folder: string): Readonly<Record<string, string>> {
  return packageJsonOf(folder).scripts ?? {};
}

interface PackageJson {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
}

function packageJsonOf(folder: string): PackageJson {
  const file = join(folder, "package.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as PackageJson) : {};
}
