import { resolve } from "node:path";

/**
 * A path as the user gave it, made absolute. npm changes to the project's folder; paths are relative
 * to the folder that the user is in.
 */
export function userPath(path: string): string {
  return resolve(process.env.INIT_CWD ?? ".", path);
}
