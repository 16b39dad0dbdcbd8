import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type BuildFailure, type BuildResult, build, buildSync, type Metafile, version } from "esbuild";
import { packageRoot } from "./package-root";

// This file imports no cdktf, so that bundling can begin before cdktf is loaded.

/** esbuild refuses a module. The message says where and why. */
export class BundleError extends Error {
  override readonly name = "BundleError";
}

export interface Bundle {
  readonly code: Uint8Array;
  /** Absolute paths of all bundled files, and of the files that decide what an import means. */
  readonly files: readonly string[];
}

/**
 * Bundles modules, each with all its imports into one minified file. One run for many modules takes
 * a third of the time of many runs. A bundle is cached in `node_modules/.cache` until one of its
 * files changes.
 *
 * @param entries absolute paths
 * @returns the bundles by entry
 * @throws BundleError with file and line
 */
export function bundleModules(entries: readonly string[]): Map<string, Bundle> {
  const bundles = new Map<string, Bundle>();
  const stamps: Stamps = new Map();
  for (const entry of entries) {
    const kept = ahead.get(entry) ?? readCache(entry, stamps);
    if (kept) bundles.set(entry, kept);
    ahead.delete(entry);
  }
  const stale = entries.filter((entry) => !bundles.has(entry));
  if (stale.length > 0) {
    for (const [entry, bundle] of keep(stale, run(stale))) bundles.set(entry, bundle);
  }
  return bundles;
}

/** What {@link bundleAhead} has read or built, until bundleModules takes it. */
const ahead = new Map<string, Bundle>();

/**
 * Begins to bundle modules in esbuild's own process, so that {@link bundleModules} finds them.
 * Ignores errors: bundleModules reports them.
 */
export async function bundleAhead(entries: readonly string[]): Promise<void> {
  const stamps: Stamps = new Map();
  for (const entry of entries) {
    const kept = readCache(entry, stamps);
    if (kept) ahead.set(entry, kept);
  }
  const stale = entries.filter((entry) => !ahead.has(entry));
  if (stale.length === 0) return;
  await build(bundleOptions(stale)).then(
    (result) => {
      for (const [entry, bundle] of keep(stale, result)) ahead.set(entry, bundle);
    },
    () => undefined,
  );
}

type Options = ReturnType<typeof bundleOptions>;

/** How esbuild bundles modules, wherever it does. */
export function bundleOptions(entries: readonly string[]) {
  return {
    entryPoints: entries.map((entry, index) => ({ in: entry, out: String(index) })),
    absWorkingDir: packageRoot(),
    outdir: packageRoot(),
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    // Only minified output has no file paths in it, and is the same in every folder.
    minify: true,
    keepNames: true,
    legalComments: "none",
    metafile: true,
    write: false,
    logLevel: "silent",
  } as const;
}

function run(entries: readonly string[]): BuildResult<Options> {
  try {
    return buildSync(bundleOptions(entries));
  } catch (error) {
    const failure = error as Partial<BuildFailure>;
    const messages = failure.errors?.map(({ text, location }) =>
      location ? `${location.file}:${location.line}: ${text}` : text,
    );
    throw new BundleError(`function source does not bundle: ${messages?.join("; ") ?? String(error)}`);
  }
}

/**
 * Caches what esbuild built.
 *
 * @returns the bundles by entry
 */
function keep(entries: readonly string[], { outputFiles, metafile }: BuildResult<Options>): Map<string, Bundle> {
  const root = packageRoot();
  const stamps: Stamps = new Map();
  return new Map(
    outputFiles.map(({ path, contents: code }) => {
      const entry = entries[Number.parseInt(path.slice(root.length + 1), 10)] as string;
      const bundle = { code, files: [...filesOf(entry, metafile, root), ...resolutionFiles()] };
      writeCache(entry, bundle, stamps);
      return [entry, bundle];
    }),
  );
}

/** All files that are in the bundle of an entry. */
function filesOf(entry: string, { inputs }: Metafile, root: string): string[] {
  const start = Object.keys(inputs).find((path) => resolve(root, path) === entry) as string;
  const files = new Set([start]);
  for (const file of files) {
    for (const { path, external } of inputs[file]?.imports ?? []) if (!external) files.add(path);
  }
  return [...files].map((path) => resolve(root, path));
}

/** Stamps of files at one moment. Bundles share most of their files. */
type Stamps = Map<string, string>;

/**
 * Changes whenever a file is written or replaced. It holds ctime rather than mtime, because
 * packages unpack with a constant mtime.
 */
function stamp(file: string, stamps: Stamps): string {
  let text = stamps.get(file);
  if (text === undefined) {
    const { ctimeMs, size } = statSync(file, { throwIfNoEntry: false }) ?? { ctimeMs: 0, size: 0 };
    text = `${ctimeMs} ${size}`;
    stamps.set(file, text);
  }
  return text;
}

/** Files that are not in the bundle but decide what an import means. */
function resolutionFiles(): string[] {
  const root = packageRoot();
  return ["tsconfig.json", "node_modules/.package-lock.json"].flatMap((file) => [join(root, file), resolve(file)]);
}

/** The file has a line of JSON, the stamps by path, and then the code. */
function cacheFile(entry: string): string {
  const key = createHash("sha256").update(`${version} ${entry}`).digest("hex").slice(0, 32);
  return resolve("node_modules", ".cache", "cdktf-serverless-ml", `${key}.bundle`);
}

function readCache(entry: string, stamps: Stamps): Bundle | undefined {
  try {
    const bytes = readFileSync(cacheFile(entry));
    const end = bytes.indexOf("\n");
    const before = JSON.parse(bytes.toString("utf8", 0, end)) as Record<string, string>;
    if (!Object.entries(before).every(([file, text]) => stamp(file, stamps) === text)) return undefined;
    return { code: bytes.subarray(end + 1), files: Object.keys(before) };
  } catch {
    // There is no cache entry, or it is not whole: bundle again.
    return undefined;
  }
}

function writeCache(entry: string, { code, files }: Bundle, stamps: Stamps): void {
  const file = cacheFile(entry);
  try {
    const now = Object.fromEntries(files.map((each) => [each, stamp(each, stamps)]));
    mkdirSync(resolve(file, ".."), { recursive: true });
    // Write to another file and rename it, so that a second synth at the same time never reads half
    // a file.
    writeFileSync(`${file}.${process.pid}`, Buffer.concat([Buffer.from(`${JSON.stringify(now)}\n`), code]));
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // A folder that is not writable costs time, nothing else.
  }
}
