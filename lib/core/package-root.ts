import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The folder of this package, which holds `functions/` and `workflows/`, whether this code is
 * compiled or not.
 */
export function packageRoot(): string {
  root ??= findRoot();
  return root;
}

let root: string | undefined;

function findRoot(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package.json above ${__dirname}`);
    folder = parent;
  }
  return folder;
}
