import { existsSync } from "node:fs";
import Module from "node:module";
import { dirname, extname } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

/** A module of the user that cannot be loaded or lacks an export. */
export class ModuleError extends Error {}

/**
 * Loads a module of the user: JavaScript as Node.js does; TypeScript with its own files bundled,
 * and packages from the file's folder.
 *
 * @param path absolute
 * @throws ModuleError for a file that is missing, that does not compile, or that throws while it is
 *   loaded
 */
export async function userModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  if (!existsSync(path)) throw new ModuleError(`There is no file ${path}`);
  try {
    return extname(path) === ".ts" ? await compiled(path) : await import(pathToFileURL(path).href);
  } catch (error) {
    throw new ModuleError(`${path} cannot be loaded: ${(error as Error).message}`);
  }
}

async function compiled(path: string): Promise<Record<string, unknown>> {
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    packages: "external",
    platform: "node",
    format: "cjs",
    target: "node20",
    write: false,
    logLevel: "silent",
  });
  // Node's own loader of CommonJS, whose types do not name these members.
  const Loader = Module as unknown as { new (id: string): LoadedModule; _nodeModulePaths(from: string): string[] };
  const loaded = Object.assign(new Loader(path), { filename: path, paths: Loader._nodeModulePaths(dirname(path)) });
  loaded._compile(outputFiles[0]?.text ?? "", path);
  return loaded.exports;
}

interface LoadedModule {
  readonly exports: Record<string, unknown>;
  _compile(code: string, filename: string): void;
}
