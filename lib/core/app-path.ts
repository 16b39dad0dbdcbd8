import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/**
 * The file or folder that a path means, absolute: relative to the working directory or, where there is no such thing, to
 * the app's folder, so that an app runs from its subfolders as well. Absolute paths stay as they are.
 */
export function appPath(path: string): string {
  const here = resolve(path);
  const root = appRoot();
  if (existsSync(here) || root === undefined) return here;
  const inApp = resolve(root, path);
  return existsSync(inApp) ? inApp : here;
}

/** Where relative paths are looked for, for messages. */
export function searchedFolders(): string {
  const root = appRoot();
  const here = process.cwd();
  return root === undefined || root === here ? here : `${here} or ${root}`;
}

/** The nearest folder, from the working directory up, that holds a cdktf.json. */
function appRoot(): string | undefined {
  let folder = process.cwd();
  while (!existsSync(join(folder, "cdktf.json"))) {
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
  return folder;
}
