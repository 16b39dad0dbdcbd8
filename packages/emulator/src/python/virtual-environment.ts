import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder } from "../core/cache-folder";
import type { Interpreter } from "./interpreter";

export interface VirtualEnvironmentOptions {
  readonly interpreter: Interpreter;
  /** Has the source, perhaps with a requirements.txt. */
  readonly folder: string;
  /** Packages that are there in any case. Those that requirements.txt names are not repeated. */
  readonly packages: readonly string[];
  /** Called before packages are installed, with the folder that keeps them. */
  readonly onInstall?: (kept: string) => void;
}

/** Packages that cannot be installed, with the last lines of the installer. */
export class InstallError extends Error {}

const FILE = "requirements.txt";
/** A line that refers to files beside it. */
const LOCAL = /^\s*(-r|-c|-e|--requirement|--constraint|--editable|\.|\/|file:)/m;
/** Lines that an error shows. */
const SHOWN = 15;

/**
 * A virtual environment with the packages of a source. It is made once for each list of packages and
 * each Python, and kept in the user's cache folder, or where CDKTF_SERVERLESS_ML_CACHE says. `uv`
 * makes it if it is there, else `venv` and `pip`, with the settings of the user's environment.
 *
 * @returns the path of its Python
 * @throws InstallError
 */
export async function virtualEnvironment(options: VirtualEnvironmentOptions): Promise<string> {
  const { interpreter, folder, packages } = options;
  const requirements = existsSync(join(folder, FILE)) ? readFileSync(join(folder, FILE), "utf8") : "";
  const added = packages.filter((each) => !names(requirements, each.split(/[=<>~]/)[0] ?? each));
  const files = LOCAL.test(requirements) ? contentOf(folder) : "";
  const key = [interpreter.path, interpreter.version, process.platform, process.arch, requirements, ...added, files];
  const hash = createHash("sha256").update(JSON.stringify(key)).digest("hex").slice(0, 20);
  const kept = join(cacheFolder(), "python", hash);
  if (existsSync(kept)) return pythonIn(kept);
  const making = underWay.get(kept) ?? make(kept, options, [requirements, ...added]);
  underWay.set(kept, making);
  await making.finally(() => underWay.delete(kept));
  return pythonIn(kept);
}

/** Environments that this process makes, by their folders. */
const underWay = new Map<string, Promise<void>>();

/** Makes an environment beside its place, so that one that is there is whole. */
async function make(
  kept: string,
  { interpreter, folder, onInstall = () => {} }: VirtualEnvironmentOptions,
  requirements: readonly string[],
): Promise<void> {
  onInstall(kept);
  mkdirSync(dirname(kept), { recursive: true });
  const made = mkdtempSync(`${kept}-`);
  try {
    await install(made, { interpreter, folder, requirements });
    // Another run may have been faster.
    if (!existsSync(kept)) renameSync(made, kept);
  } catch (error) {
    if (!existsSync(kept)) throw error;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

async function install(
  made: string,
  { interpreter, folder, requirements }: { interpreter: Interpreter; folder: string; requirements: readonly string[] },
): Promise<void> {
  // Beside the source, since its lines may name files there.
  const list = join(folder, `.local-${FILE}`);
  writeFileSync(list, requirements.join("\n"));
  try {
    if (await hasUv()) {
      await run("uv", ["venv", "--python", interpreter.path, "--allow-existing", made], folder);
      await run("uv", ["pip", "install", "--python", pythonIn(made), "-r", list], folder);
    } else {
      await run(interpreter.path, ["-m", "venv", made], folder);
      const quiet = ["--disable-pip-version-check", "--no-input", "--quiet"];
      await run(pythonIn(made), ["-m", "pip", "install", ...quiet, "-r", list], folder);
    }
  } finally {
    rmSync(list, { force: true });
  }
}

async function hasUv(): Promise<boolean> {
  return promisify(execFile)("uv", ["--version"], { env: process.env }).then(
    () => true,
    () => false,
  );
}

/** @throws InstallError */
async function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  try {
    await promisify(execFile)(command, args, { cwd, env: process.env, maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    const { stdout = "", stderr = "", message } = error as Error & { stdout?: string; stderr?: string };
    const lines = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
    // pip says of each try that there was no connection, and in the end only that it found no version.
    const isRetry = (line: string) => line.startsWith("WARNING: Retrying");
    const told = lines.filter((line) => !isRetry(line));
    const shown = told.length > 0 ? told.slice(-SHOWN) : [message];
    const why = lines.some(isRetry) ? ", as the package index was not reached; installing needs the network once" : "";
    throw new InstallError(`its packages cannot be installed${why}:\n${shown.map((line) => `  ${line}`).join("\n")}`);
  }
}

function pythonIn(folder: string): string {
  return process.platform === "win32" ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
}

/** Whether a list names a package. `-` and `_` are the same in names of packages. */
function names(requirements: string, name: string): boolean {
  const pattern = name.replaceAll("-", "[-_.]");
  return new RegExp(`^\\s*${pattern}\\s*([[=<>~!;@#]|$)`, "im").test(requirements);
}

function contentOf(folder: string): string {
  const digest = createHash("sha256");
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true, encoding: "utf8" })) {
    if (entry.isFile())
      digest.update(entry.name).update(readFileSync(join(entry.parentPath ?? entry.path, entry.name)));
  }
  return digest.digest("hex");
}
