import type { Network } from "../network";
import type { Program } from "../run/instance";
import { nodeFunction } from "./node-function";
import { type PythonFunctionOptions, pythonFunction } from "./python-function";
import { runtimeEnvironment } from "./runtime";
import type { FunctionSettings } from "./settings";
import { linkFramework, unpack } from "./source";

export interface FunctionProgramOptions extends Pick<PythonFunctionOptions, "python" | "onProgress"> {
  readonly settings: FunctionSettings;
  /** The zip that would be uploaded. */
  readonly zip: string;
  /** Of its secrets. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Empty; the source is unpacked into it. */
  readonly folder: string;
  readonly network: Network;
}

/**
 * Makes a function ready to start.
 *
 * @returns why it cannot run here, and what to do about it
 * @throws Error for a source that cannot run anywhere
 */
export async function functionProgram(options: FunctionProgramOptions): Promise<Program | string> {
  const { settings, zip, secrets, folder, network } = options;
  unpack(zip, folder);
  if (settings.runtime.startsWith("python")) return pythonFunction(options);
  linkFramework(zip, folder);
  const environment = runtimeEnvironment({ ...settings, secrets }, await network.environment(settings.identity));
  const { entryPoint } = settings;
  return nodeFunction({ zip, folder, entryPoint, environment, onRefused: (host) => network.refused(host) });
}
