import { execFileSync } from "node:child_process";

/** The Python of tests: that of an environment with packages, if `LOCAL_PYTHON` names one. */
export const PYTHON = process.env.LOCAL_PYTHON ?? "python3";

/** Whether that Python is there, is 3.10 or newer, and has these modules. */
export function pythonHas(...modules: readonly string[]): boolean {
  const code = `import ${["sys", ...modules].join(", ")}; sys.exit(sys.version_info < (3, 10))`;
  try {
    execFileSync(PYTHON, ["-c", code], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
