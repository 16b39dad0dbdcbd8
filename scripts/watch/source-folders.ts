import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";

/** A folder that is uploaded as it is, such as a function in Python. */
export interface UploadedFolder {
  /** Of the folder. */
  readonly name: string;
  /** Paths within it. */
  readonly files: readonly string[];
}

/** Added from elsewhere to functions that import it. */
const CONTRACT = "serverless_ml/";
const LEFT_OUT = /^\.|^node_modules$|^cdktf\.out$|^dist$|^__pycache__$|^venv$/;
/** Folders below the project's that are searched. */
const DEPTH = 4;

/**
 * The folders of a project that may have been uploaded: they have the name and the files. A synthesized
 * stack does not say where they are.
 */
export function sourceFolders(root: string, uploaded: readonly UploadedFolder[]): string[] {
  if (uploaded.length === 0) return [];
  return foldersIn(root, DEPTH).filter((folder) =>
    uploaded.some(
      ({ name, files }) =>
        basename(folder) === name && files.every((file) => file.startsWith(CONTRACT) || existsSync(join(folder, file))),
    ),
  );
}

function foldersIn(root: string, depth: number): string[] {
  if (depth === 0) return [];
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !LEFT_OUT.test(entry.name))
    .map((entry) => join(root, entry.name))
    .flatMap((folder) => [folder, ...foldersIn(folder, depth - 1)]);
}
