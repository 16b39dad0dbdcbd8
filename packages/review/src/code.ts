import { statSync } from "node:fs";
import { resolve } from "node:path";
import { at, type Change, type Reading } from "./change";

/** A function with new code. */
export interface CodeChange {
  readonly stack: string;
  readonly address: string;
  /** The name in Google Cloud. */
  readonly name: string;
  readonly before: Bundle;
  readonly after: Bundle;
}

export interface Bundle {
  /** The name of the object that holds the zip. */
  readonly object: string;
  /** The hash in that name, if there is one. */
  readonly hash?: string;
  /** In bytes, if the zip file is available. */
  readonly size?: number;
}

/** The attributes that name the source of a function, by type. */
const SOURCES: Readonly<Record<string, { bucket: string; object: string }>> = {
  google_cloudfunctions2_function: {
    bucket: "build_config.source.storage_source.bucket",
    object: "build_config.source.storage_source.object",
  },
  google_cloudfunctions_function: { bucket: "source_archive_bucket", object: "source_archive_object" },
};
const GENERATION = "build_config.source.storage_source.generation";

/** Paths of settings that are about the code. */
export const CODE_PATHS: ReadonlySet<string> = new Set([
  ...Object.values(SOURCES).flatMap(({ bucket, object }) => [bucket, object]),
  GENERATION,
]);

/** Existing functions that get new code. */
export function codeChanges(reading: Reading): CodeChange[] {
  return reading.changes.flatMap((change) => {
    const source = sourceOf(change);
    if (!source || (change.action !== "update" && change.action !== "replace")) return [];
    const before = at(change.before, source.object);
    const after = at(change.after, source.object);
    if (typeof before !== "string" || typeof after !== "string" || before === after) return [];
    return [
      {
        stack: change.stack,
        address: change.address,
        name: String(change.after?.name ?? change.address),
        before: bundle(reading, before, "before"),
        after: bundle(reading, after, "after"),
      },
    ];
  });
}

/**
 * Names of the objects that hold the code of functions. The review shows their changes with the
 * functions.
 */
export function codeObjects(reading: Reading): ReadonlySet<string> {
  const names = new Set<string>();
  for (const change of reading.changes) {
    const source = sourceOf(change);
    if (!source) continue;
    for (const side of [change.before, change.after]) {
      const name = at(side, source.object);
      if (typeof name === "string") names.add(name);
    }
  }
  return names;
}

export function isCodeObject(change: Change, objects: ReadonlySet<string>): boolean {
  if (change.type !== "google_storage_bucket_object") return false;
  return [change.before, change.after].some((side) => objects.has(side?.name));
}

function sourceOf({ type }: Change) {
  return Object.hasOwn(SOURCES, type) ? SOURCES[type] : undefined;
}

function bundle(reading: Reading, object: string, side: "before" | "after"): Bundle {
  const holder = reading.changes.find(
    (each) => each.type === "google_storage_bucket_object" && each[side]?.name === object,
  );
  const folder = side === "before" ? reading.baseFolder : reading.headFolder;
  const source = holder?.[side]?.source;
  const size = folder !== undefined && typeof source === "string" ? sizeOf(resolve(folder, source)) : undefined;
  return { object, hash: /[0-9a-f]{64}/.exec(object)?.[0], size };
}

function sizeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.size;
}
