import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import nodeModule from "node:module";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { cacheFolder } from "../core/cache-folder";
import { startProcess } from "../core/process";
import { FRAMEWORK_MAIN, linkFramework, scriptsOf, unpack } from "./source";

export interface CompiledSourceOptions {
  /** The zip that would be uploaded. */
  readonly zip: string;
  /** Where it was unpacked. */
  readonly folder: string;
  /** Of an instance. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What an instance runs. */
export interface NodeSource {
  /** Has the code. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Says that the script came to its end. */
const DONE = "compiled";
/** No script takes longer, in milliseconds. */
const LONGEST = 120_000;
/** Sources that no run asked for this long are removed, in milliseconds. */
const UNUSED = 30 * 24 * 3600 * 1000;
/** A port of this machine where nobody listens. */
const NOBODY = "1";
/** What a build has of an instance's variables: the way to programs, folders that are empty, no way out. */
const OF_BUILDS = ["PATH", "Path", "SystemRoot", "HOME", "USERPROFILE", "APPDATA", "TMPDIR", "TEMP", "NODE_OPTIONS"];

/**
 * A source as Google's build leaves it, where its function reads a compile cache of Node.js
 * (`NODE_COMPILE_CACHE`, a folder of the source) that its `gcp-build` script fills. The script runs
 * once for each content and each version of Node.js. Its result is kept in the user's cache folder,
 * since the cache holds for one place only.
 *
 * Where that cannot be had, the function starts without a cache, as it would in Google's image.
 */
export async function compiledSource({ zip, folder, environment }: CompiledSourceOptions): Promise<NodeSource> {
  const { NODE_COMPILE_CACHE: cache, ...others } = environment;
  const script = scriptsOf(folder)["gcp-build"];
  // What the function itself names elsewhere, it may have.
  if (!cache || isAbsolute(cache) || !script) return { folder, environment };
  const without = { folder, environment: others };
  if (!("enableCompileCache" in nodeModule)) return without;
  const key = [readFileSync(zip), process.version, process.arch, FRAMEWORK_MAIN];
  const hash = key.reduce((digest, part) => digest.update(part).update("\n"), createHash("sha256")).digest("hex");
  const kept = join(cacheFolder(), "functions", hash.slice(0, 20));
  if (!isDone(kept) && !(await made(kept, zip, script, cache, others))) return without;
  return { folder: kept, environment: { ...environment, NODE_COMPILE_CACHE: join(kept, cache) } };
}

function isDone(kept: string): boolean {
  if (!existsSync(join(kept, DONE))) return false;
  utimesSync(kept, new Date(), new Date());
  return true;
}

/** Sources that this process makes, by their folders. */
const underWay = new Map<string, Promise<boolean>>();

function made(...options: Parameters<typeof make>): Promise<boolean> {
  const [kept] = options;
  const making = underWay.get(kept) ?? make(...options).catch(() => false);
  underWay.set(kept, making);
  return making.finally(() => underWay.delete(kept));
}

/** @returns whether the source is there, whole */
async function make(
  kept: string,
  zip: string,
  script: string,
  cache: string,
  environment: Readonly<Record<string, string>>,
): Promise<boolean> {
  removeUnused(dirname(kept), cache);
  // Another process makes it, unless it was killed while it did.
  if (existsSync(kept) && Date.now() - statSync(kept).mtimeMs < LONGEST) return false;
  remove(kept, cache);
  mkdirSync(dirname(kept), { recursive: true });
  mkdirSync(kept);
  unpack(zip, kept);
  linkFramework(zip, kept);
  const { code } = await startProcess({
    command: script,
    cwd: kept,
    env: {
      ...Object.fromEntries(OF_BUILDS.flatMap((name) => (environment[name] ? [[name, environment[name]]] : []))),
      PATH: [dirname(process.execPath), environment.PATH].join(delimiter),
      LOCAL_GOOGLE_PORT: NOBODY,
      GCE_METADATA_HOST: `127.0.0.1:${NOBODY}`,
    },
    log: { read: (stream) => stream.resume(), write: () => {} },
  }).ended;
  if (code !== 0) return false;
  // Closed as in an image, it could not be deleted without more ado.
  open(kept, cache);
  writeFileSync(join(kept, DONE), "");
  return true;
}

function removeUnused(folder: string, cache: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const kept = join(folder, name);
    if (Date.now() - statSync(kept).mtimeMs > UNUSED) remove(kept, cache);
  }
}

function remove(kept: string, cache: string): void {
  open(kept, cache);
  rmSync(kept, { recursive: true, force: true });
}

function open(kept: string, cache: string): void {
  const folder = join(kept, cache);
  if (!existsSync(folder)) return;
  for (const each of [folder, ...readdirSync(folder).map((name) => join(folder, name))]) chmodSync(each, 0o755);
}
