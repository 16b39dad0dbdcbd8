import { resolve } from "node:path";

/**
 * A path as the user gave it, made absolute. npm changes to the project's folder; paths are
 * relative to the folder that the user is in.
 */
export function userPath(path: string): string {
  return resolve(process.env.INIT_CWD ?? ".", path);
}

/** A program as the user gave it: a name stays one for PATH, a path is made absolute. */
export function userProgram(program: string): string {
  return /[/\\]/.test(program) ? userPath(program) : program;
}
