import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/**
 * The absolute path of a file or folder. A relative path is looked up in the working directory
 * first, then in the app's folder, so that an app also runs from its subfolders. An absolute path
 * stays as it is.
 */
export function appPath(path: string): string {
  const here = resolve(path);
  const root = appRoot();
  if (existsSync(here) || root === undefined) return here;
  const inApp = resolve(root, path);
  return existsSync(inApp) ? inApp : here;
}

/** The folders in which relative paths are looked up, for messages. */
export function searchedFolders(): string {
  const root = appRoot();
  const here = process.cwd();
  return root === undefined || root === here ? here : `${here} or ${root}`;
}

/** The nearest folder that holds a cdktf.json, from the working directory upwards. */
function appRoot(): string | undefined {
  let folder = process.cwd();
  while (!existsSync(join(folder, "cdktf.json"))) {
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
  return folder;
}
