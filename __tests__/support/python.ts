import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

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

/** Whether that Python makes virtual environments and reaches a package index. */
export function canInstallPython(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "python-index-"));
  const fetch = ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, "functions-framework==3.10.2"];
  try {
    execFileSync(PYTHON, ["-c", "import ensurepip, venv"], { stdio: "ignore", env: process.env });
    execFileSync(PYTHON, fetch, { stdio: "ignore", env: process.env, timeout: 60_000 });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
