import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** A Python that is on this machine. */
export interface Interpreter {
  /** Absolute path of the program. */
  readonly path: string;
  /** Such as `3.12.4`. */
  readonly version: string;
}

/** What Google's client libraries ask for: https://pypi.org/project/google-api-core/ */
const OLDEST_MINOR = 9;

/** Prints what the interpreter itself is, behind wrappers such as pyenv's and environments. */
const ASK = `import sys
print(getattr(sys, "_base_executable", sys.executable))
print(".".join(map(str, sys.version_info[:3])))`;

/**
 * The Python that the user named, or the one on PATH.
 *
 * @param named with `--python`, or by the variable LOCAL_PYTHON
 * @returns why there is none that will do, and what to do about it
 */
export async function findPython(named = process.env.LOCAL_PYTHON): Promise<Interpreter | string> {
  const command = named || (process.platform === "win32" ? "python" : "python3");
  const remedy = `Install Python 3.${OLDEST_MINOR} or newer, or name one: --python <interpreter>`;
  try {
    const { stdout } = await promisify(execFile)(command, ["-c", ASK], { env: process.env, timeout: 30_000 });
    const [path = "", version = ""] = stdout.trim().split(/\r?\n/);
    const [major = 0, minor = 0] = version.split(".").map(Number);
    if (major === 3 && minor >= OLDEST_MINOR) return { path, version };
    return `${command} is Python ${version}. ${remedy}`;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? `there is no ${command}` : (message.split("\n")[0] ?? "");
    return `It needs Python, and ${reason}. ${remedy}`;
  }
}
