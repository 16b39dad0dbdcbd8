import { join } from "node:path";
import { packageRoot } from "./package-root";

/**
 * Runtime of Python functions. Source:
 * https://cloud.google.com/functions/docs/runtime-support (read 2026-11).
 */
export const DEFAULT_PYTHON_RUNTIME = "python313";

/** The package that keeps the contract of a worker; it comes with this package. */
export const PYTHON_CONTRACT = { name: "serverless_ml", folder: () => join(packageRoot(), "workers", "serverless_ml") };

/**
 * Why a folder cannot be deployed as a Python function, or undefined. The buildpack takes the
 * function from `main.py`: https://cloud.google.com/functions/docs/writing#directory-structure-python
 */
export function pythonProblem(files: ReadonlyMap<string, Uint8Array>, entryPoint: string): string | undefined {
  const main = files.get("main.py");
  if (!main) return `holds no main.py; allowed is a folder whose main.py has the function ${entryPoint}`;
  const named = topLevelNames(Buffer.from(main).toString());
  if (named.includes(entryPoint)) return undefined;
  return `has no ${entryPoint} at the top level of its main.py; allowed as entryPoint: ${named.join(", ") || "nothing there"}`;
}

/**
 * Names that a module defines, assigns or imports from others without indentation. functions-framework
 * takes neither classes nor modules (_function_registry.py: "needs to be of type function").
 */
function topLevelNames(source: string): string[] {
  const code = source.replace(/("""|''')[\s\S]*?\1/g, "");
  const defined = [...code.matchAll(/^(?:async def|def) (\w+)|^(\w+)(?::[^=\n]*)? ?=(?!=)/gm)];
  const imported = [...code.matchAll(/^from \S+ import (?:\(([^)]*)\)|(.*))$/gm)].flatMap(([, inBrackets, onLine]) =>
    (inBrackets ?? onLine ?? "").split(","),
  );
  const names = imported.map(
    (each) =>
      each
        .trim()
        .split(/\s+as\s+/)
        .at(-1) ?? "",
  );
  return [...defined.map(([, first, second]) => first ?? second ?? ""), ...names].filter((name) => /^\w+$/.test(name));
}
