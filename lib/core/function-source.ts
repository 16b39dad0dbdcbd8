import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, extname, join, relative } from "node:path";
import { appPath, searchedFolders } from "./app-path";
import { type Bundle, BundleError, bundleModules } from "./bundle";
import { packageRoot } from "./package-root";
import { DEFAULT_PYTHON_RUNTIME, PYTHON_CONTRACT, pythonProblem } from "./python-source";
import { DEFAULT_NODE_RUNTIME, takesCompiledCode } from "./runtime";
import { type Archive, BUNDLE_FILE, COMPILE_CACHE, manifestFiles, zip } from "./source-archive";
import { ValidationError } from "./validation";

/** A function's code, ready for upload. */
export interface SourceArchive extends Archive {
  /** File name of the uploaded object, without extension. */
  readonly name: string;
  readonly runtime: string;
  readonly entryPoint: string;
  /**
   * Variables that the function has unless it sets them itself.
   * @default - none
   */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Options of {@link FunctionSource.typescript}. */
export interface TypeScriptSourceOptions {
  /**
   * Exported name of the HTTP function.
   * @default "handler"
   */
  readonly entryPoint?: string;
  /**
   * A Node.js runtime of Cloud Functions.
   * @default "nodejs24"
   */
  readonly runtime?: string;
  /**
   * Whether Google's build loads the function once, so that instances start with code that is
   * compiled. What the module does when it is loaded is then done in the build too, without the
   * function's variables. Sets `NODE_COMPILE_CACHE` in functions that do not set it themselves.
   * Has no effect before `nodejs24`.
   * @default true
   */
  readonly compileCache?: boolean;
}

/** Options of {@link FunctionSource.directory}. */
export interface DirectorySourceOptions {
  /** A runtime of Cloud Functions, such as `python313`. */
  readonly runtime: string;
  /** Name of the HTTP function in the source, such as `main`. */
  readonly entryPoint: string;
  /**
   * Names of files and folders to leave out, at any depth.
   * @default - .git, node_modules, __pycache__, .venv, venv, .DS_Store and .env
   */
  readonly exclude?: readonly string[];
}

/** Options of {@link FunctionSource.python}. */
export interface PythonSourceOptions {
  /**
   * Name of the HTTP function in `main.py`.
   * @default "main"
   */
  readonly entryPoint?: string;
  /**
   * A Python runtime of Cloud Functions.
   * @default "python313"
   */
  readonly runtime?: string;
  /**
   * Names of files and folders to leave out, at any depth.
   * @default - those of DirectorySourceOptions, Dockerfile and README.md
   */
  readonly exclude?: readonly string[];
}

const DEFAULT_EXCLUDE = [".git", "node_modules", "__pycache__", ".venv", "venv", ".DS_Store", ".env"];

/** Where a function's code comes from. It is read once, when a construct first deploys it. */
export class FunctionSource {
  /**
   * A TypeScript or JavaScript module, bundled with all its imports into one minified file. The
   * build installs functions-framework beside it, each package in the version and with the checksum
   * that this package locks.
   *
   * @param path the module, or a folder with an `index.ts` or `index.js`: absolute, such as
   *   `join(__dirname, "worker")`, or relative to the working directory or the folder of cdktf.json
   */
  static typescript(path: string, options: TypeScriptSourceOptions = {}): FunctionSource {
    return new FunctionSource(
      `ts ${appPath(path)} ${options.entryPoint} ${options.runtime} ${options.compileCache}`,
      () => bundle(path, options),
    );
  }

  /**
   * A folder that is uploaded as it is: Python, Go, Java, or Node.js with its own package.json and
   * package-lock.json. Without the lock file, versions differ from build to build.
   *
   * @param path absolute, or relative to the working directory or the folder of cdktf.json
   */
  static directory(path: string, options: DirectorySourceOptions): FunctionSource {
    const key = `dir ${appPath(path)} ${options.entryPoint} ${options.runtime} ${options.exclude?.join()}`;
    return new FunctionSource(key, () => collect(path, options));
  }

  /**
   * A folder with a `main.py` and a `requirements.txt`. A folder whose code imports `serverless_ml`,
   * the contract of a worker in Python, gets it: docs/workers.md#python.
   *
   * Without a `main.py`, or with one that has no such function at its top level, synthesis reports
   * InvalidSource.
   *
   * @param path absolute, or relative to the working directory or the folder of cdktf.json
   */
  static python(path: string, options: PythonSourceOptions = {}): FunctionSource {
    const { entryPoint = "main", runtime = DEFAULT_PYTHON_RUNTIME, exclude = [] } = options;
    const key = `python ${appPath(path)} ${entryPoint} ${runtime} ${exclude.join()}`;
    return new FunctionSource(key, () =>
      collectPython(path, { entryPoint, runtime, exclude: [...exclude, "Dockerfile", "README.md"] }),
    );
  }

  /** One of the functions that come with this package, such as `batch-worker`. */
  static builtIn(name: string): FunctionSource {
    return FunctionSource.typescript(join(packageRoot(), "functions", name));
  }

  /**
   * Bundles modules in one run of esbuild, which takes a third of the time of one run each. Sources
   * that are created later use the result.
   *
   * @param paths as given to {@link FunctionSource.typescript}
   * @throws ValidationError InvalidSource, BundleFailed
   */
  static prepare(paths: readonly string[]): void {
    for (const [entry, { code }] of bundles(paths.map(findModule))) bundled.set(entry, code);
  }

  private constructor(
    private readonly key: string,
    private readonly build: () => SourceArchive,
  ) {}

  /**
   * Reads or bundles the code. A process reads the same source once.
   *
   * @throws ValidationError InvalidSource where the file or folder does not exist, BundleFailed
   *   where esbuild refuses it
   */
  archive(): SourceArchive {
    let archive = archives.get(this.key);
    if (!archive) {
      archive = this.build();
      archives.set(this.key, archive);
    }
    return archive;
  }
}

const archives = new Map<string, SourceArchive>();
const bundled = new Map<string, Uint8Array>();

function bundle(path: string, options: TypeScriptSourceOptions): SourceArchive {
  const entry = findModule(path);
  const code = bundled.get(entry) ?? (bundles([entry]).get(entry) as Bundle).code;
  const name = basename(appPath(path)).replace(/\.[cm]?[jt]s$/, "");
  const { runtime = DEFAULT_NODE_RUNTIME, entryPoint = "handler" } = options;
  const compileCache = takesCompiledCode(runtime) && (options.compileCache ?? true);
  const manifests = [...manifestFiles(name, compileCache)].map(([file, text]) => [file, Buffer.from(text)] as const);
  const archive = zip(new Map<string, Uint8Array>([[BUNDLE_FILE, code], ...manifests]));
  return {
    ...archive,
    name,
    runtime,
    entryPoint,
    ...(compileCache && { environment: { NODE_COMPILE_CACHE: COMPILE_CACHE } }),
  };
}

function bundles(entries: readonly string[]): Map<string, Bundle> {
  try {
    return bundleModules(entries);
  } catch (error) {
    throw error instanceof BundleError ? new ValidationError("BundleFailed", error.message) : error;
  }
}

function findModule(path: string): string {
  const absolute = appPath(path);
  const candidates = extname(absolute) ? [absolute] : [join(absolute, "index.ts"), join(absolute, "index.js")];
  const found = candidates.find((candidate) => existsSync(candidate) && statSync(candidate).isFile());
  if (!found) {
    throw new ValidationError(
      "InvalidSource",
      `function source "${path}" does not exist; allowed is a .ts or .js file, or a folder with an index.ts or index.js, relative to ${searchedFolders()}`,
    );
  }
  return found;
}

function collect(path: string, options: DirectorySourceOptions): SourceArchive {
  return archiveOf(path, filesIn(path, options.exclude), options);
}

function collectPython(path: string, options: DirectorySourceOptions): SourceArchive {
  const files = filesIn(path, options.exclude);
  const problem = pythonProblem(files, options.entryPoint);
  if (problem) throw new ValidationError("InvalidSource", `function source "${path}" ${problem}`);
  const { name, folder } = PYTHON_CONTRACT;
  const code = [...files].filter(([file]) => file.endsWith(".py"));
  const isIn = code.some(([file]) => file.startsWith(`${name}/`) || file === `${name}.py`);
  if (!isIn && code.some(([, text]) => Buffer.from(text).includes(name))) {
    for (const [file, bytes] of filesIn(folder())) files.set(`${name}/${file}`, bytes);
  }
  return archiveOf(path, files, options);
}

function archiveOf(path: string, files: ReadonlyMap<string, Uint8Array>, options: DirectorySourceOptions) {
  const { runtime, entryPoint } = options;
  return { ...zip(files), name: basename(appPath(path)), runtime, entryPoint };
}

/** The files of a folder, by their paths within it. */
function filesIn(path: string, excluded: readonly string[] = []): Map<string, Uint8Array> {
  const root = appPath(path);
  if (!existsSync(root) || !statSync(root).isDirectory()) {
    throw new ValidationError(
      "InvalidSource",
      `function source "${path}" is not a folder, relative to ${searchedFolders()}`,
    );
  }
  const exclude = new Set([...DEFAULT_EXCLUDE, ...excluded]);
  const files = new Map<string, Uint8Array>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const name = relative(root, file).split(/[\\/]/);
    if (name.some((part) => exclude.has(part))) continue;
    if (entry.isSymbolicLink()) {
      throw new ValidationError(
        "InvalidSource",
        `function source "${path}" holds the link ${name.join("/")}; links are not followed, put the file there`,
      );
    }
    if (entry.isFile()) files.set(name.join("/"), readFileSync(file));
  }
  if (files.size === 0) {
    throw new ValidationError("InvalidSource", `function source "${path}" holds no files`);
  }
  return files;
}
