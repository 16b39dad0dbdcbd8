import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import type { StoredObject } from "../storage";
import type { BucketMount } from "./container";

/** What a run's Cloud Storage holds. */
export type Objects = () => readonly Pick<StoredObject, "bucket" | "name" | "content">[];

/** Copies of mounted buckets for one process. */
export interface Mounted {
  /** Folders by the paths where the container sees them. */
  readonly folders: Readonly<Record<string, string>>;
  /** The process's variables, with the folders in them. */
  readonly environment: Readonly<Record<string, string>>;
  remove(): void;
}

/**
 * Copies the objects of mounted buckets into folders, as a process finds them at its start. There
 * is no file system of Cloud Storage here: later objects do not appear, and what the process writes
 * does not reach the bucket.
 *
 * `LOCAL_MOUNT_<PATH>` names each folder (`/models` is `LOCAL_MOUNT_MODELS`). Variables whose value
 * is a mounted path, or lies below one, get the folder in its place, so that a program that takes
 * its paths from the environment needs no change.
 *
 * @param inside the folder for all copies
 */
export function mount(
  mounts: readonly BucketMount[],
  environment: Readonly<Record<string, string>>,
  objects: Objects,
  inside: string,
): Mounted {
  if (mounts.length === 0) return { folders: {}, environment, remove: () => {} };
  const root = mkdtempSync(join(inside, "mount-"));
  const folders = Object.fromEntries(
    mounts.map(({ bucket, path }, index) => {
      const folder = join(root, String(index));
      copy(bucket, objects, folder);
      return [path, folder];
    }),
  );
  const moved = (value: string) => {
    const path = Object.keys(folders).find((each) => value === each || value.startsWith(`${each}/`));
    return path === undefined ? value : `${folders[path]}${value.slice(path.length)}`;
  };
  return {
    folders,
    environment: {
      ...Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, moved(value)])),
      ...Object.fromEntries(Object.entries(folders).map(([path, folder]) => [variableOf(path), folder])),
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** `/models/base` is `LOCAL_MOUNT_MODELS_BASE`. */
function variableOf(path: string): string {
  return `LOCAL_MOUNT${path.replace(/\/+$/, "").replace(/\W+/g, "_").toUpperCase()}`;
}

function copy(bucket: string, objects: Objects, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const object of objects()) {
    if (object.bucket !== bucket || object.name.endsWith("/")) continue;
    const file = resolve(folder, object.name);
    // A name such as `../x` is no file of the folder.
    if (!file.startsWith(folder + sep)) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, object.content, { mode: 0o444 });
  }
}
