import { existsSync } from "node:fs";
import { join } from "node:path";
import { findPython, type Interpreter } from "../python/interpreter";
import { InstallError, virtualEnvironment } from "../python/virtual-environment";
import { freePort, listeningOn } from "../run/container-program";
import type { Program } from "../run/instance";
import { type ProcessNetwork, startLocally } from "../run/local-process";
import { serviceVariables } from "../run/runtime";
import { functionVariables } from "./runtime";
import type { FunctionSettings } from "./settings";

export interface PythonFunctionOptions {
  readonly settings: FunctionSettings;
  /** Where the function's source was unpacked. */
  readonly folder: string;
  /** Of its secrets. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly network: ProcessNetwork;
  /** Of the user. @default - the one on PATH */
  readonly python?: string;
  /** Gets what takes time, and how long it took. */
  readonly onProgress?: (what: string) => void;
}

/** The newest that runs on each Python that Cloud Functions has. */
const FRAMEWORK = "functions-framework==3.10.2";
const MAIN = "main.py";
/** Cloud Run gives an instance 240 seconds to listen. */
const PROBE = { timeout: 1000, patience: 240_000 };

/**
 * Makes a process of functions-framework for Python with a function in it.
 *
 * @returns why the function cannot run here, and what to do about it
 * @throws Error for a source that cannot run anywhere
 */
export async function pythonFunction(options: PythonFunctionOptions): Promise<Program | string> {
  const { settings, folder, secrets, network, onProgress = () => {} } = options;
  const { name, address, entryPoint, environment, identity, runtime } = settings;
  if (!existsSync(join(folder, MAIN))) throw new Error(`${address}: its source has no ${MAIN}`);
  const interpreter = await findPython(options.python);
  if (typeof interpreter === "string") return `${name} is a function in Python (${runtime}). ${interpreter}`;
  const python = await preparedPython(interpreter, options);
  if (typeof python !== "string") return `${name} is a function in Python (${runtime}), and ${python.message}`;
  let first = true;
  return async (onCalling, log) => {
    const begun = Date.now();
    const port = await freePort();
    const variables = {
      THREADS: String(threadsOf(settings)),
      ...environment,
      ...secrets,
      ...serviceVariables(name),
      ...functionVariables(entryPoint),
      PORT: String(port),
    };
    const args = ["-m", "functions_framework", `--source=${join(folder, MAIN)}`, `--target=${entryPoint}`];
    const process = await startLocally(
      network,
      { account: identity, environment: variables, log, onCalling },
      (env) => ({
        command: python,
        args: [...args, "--host=127.0.0.1", `--port=${port}`],
        cwd: folder,
        env,
      }),
    );
    const listening = listeningOn(port, PROBE, process);
    const tell = first ? onProgress : () => {};
    first = false;
    void listening.then(
      () => tell(`${name} (Python ${interpreter.version}) was ready after ${seconds(begun)} s`),
      () => {},
    );
    return { process, listening };
  };
}

/** The Python with the function's packages; why it cannot be had. */
async function preparedPython(
  interpreter: Interpreter,
  { settings, folder, onProgress = () => {} }: PythonFunctionOptions,
): Promise<string | InstallError> {
  const begun = Date.now();
  let installs = false;
  const onInstall = (kept: string) => {
    installs = true;
    onProgress(`installs the Python packages of ${settings.name}, once; they are kept in ${kept}`);
  };
  try {
    const python = await virtualEnvironment({ interpreter, folder, packages: [FRAMEWORK], onInstall });
    if (installs) onProgress(`the Python packages of ${settings.name} were installed in ${seconds(begun)} s`);
    return python;
  } catch (error) {
    if (error instanceof InstallError) return error;
    throw error;
  }
}

/**
 * The framework has four threads a CPU, and counts those of this machine. Source:
 * functions-framework-python, _http/gunicorn.py
 */
function threadsOf({ cpus }: FunctionSettings): number {
  return 4 * Math.max(1, Math.ceil(cpus));
}

function seconds(since: number): string {
  return ((Date.now() - since) / 1000).toFixed(1);
}
