import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Zippable, zipSync } from "fflate";
import { packageRoot } from "./package-root";

export interface Archive {
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes, in hex. */
  readonly sha256: string;
}

/**
 * A zip whose bytes depend on names and contents alone, so that a plan shows a function only when
 * its code changed. Files are sorted and stored without compression, because compressed bytes
 * differ between builds of zlib; all have one date and one mode.
 */
export function zip(files: ReadonlyMap<string, Uint8Array>): Archive {
  const entries: Zippable = {};
  for (const name of [...files.keys()].sort()) {
    entries[name] = files.get(name) as Uint8Array;
  }
  const bytes = zipSync(entries, {
    level: 0,
    // fflate writes local time. Built from local parts, the date is 1980-01-01 in every time zone.
    mtime: new Date(1980, 0, 1),
    os: 3,
    attrs: 0o100644 << 16,
  });
  return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}

const FRAMEWORK = "@google-cloud/functions-framework";

/** The part of npm's lock file that is functions-framework; `npm run lock:functions` writes it. */
interface FrameworkLock {
  readonly lockfileVersion: number;
  /** By folder, such as `node_modules/express`. */
  readonly packages: Readonly<Record<string, { readonly version: string }>>;
}

let lock: FrameworkLock | undefined;

/**
 * The bundle's file. By the extension alone the framework knows that it is no ES module. It would
 * load 36 more modules to find that out from package.json (`isEsModule` in its `loader.ts`).
 */
export const BUNDLE_FILE = "index.cjs";

/** Where the build puts what Node.js compiles, seen from the source's folder. Instances run in it. */
export const COMPILE_CACHE = ".compile-cache";
const FILLS_CACHE = "compile-cache.cjs";

/**
 * The files that tell the build what to install beside a bundle: functions-framework and, by the
 * lock file, every package below it in one version with one checksum. With a lock file, Google's
 * buildpack runs `npm ci`, which installs exactly that. Without one, versions differ from build to
 * build (https://docs.cloud.google.com/run/docs/runtimes/nodejs-dependencies).
 *
 * @param name of the function's package
 * @param compileCache whether the build fills {@link COMPILE_CACHE}
 * @returns texts by file name
 */
export function manifestFiles(name: string, compileCache: boolean): Map<string, string> {
  lock ??= JSON.parse(functionsFile("framework.lock.json")) as FrameworkLock;
  const { lockfileVersion, packages } = lock;
  const dependencies = { [FRAMEWORK]: packages[`node_modules/${FRAMEWORK}`]?.version };
  const locked = { name, lockfileVersion, requires: true, packages: { "": { name, dependencies }, ...packages } };
  // The buildpack runs `gcp-build` after `npm ci`.
  const scripts = compileCache ? { "gcp-build": `node ${FILLS_CACHE} ${COMPILE_CACHE}` } : undefined;
  const files = new Map([
    ["package.json", text({ name, private: true, main: BUNDLE_FILE, scripts, dependencies })],
    ["package-lock.json", text(locked)],
  ]);
  if (compileCache) files.set(FILLS_CACHE, functionsFile(FILLS_CACHE));
  return files;
}

function functionsFile(name: string): string {
  return readFileSync(join(packageRoot(), "functions", name), "utf8");
}

function text(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
