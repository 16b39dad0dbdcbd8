import { resolve } from "node:path";
import type { Log } from "../core/log";
import type { Network } from "../network";
import type { Program } from "../run/instance";
import { nodeFunction } from "./node-function";
import { runtimeEnvironment } from "./runtime";
import type { FunctionSettings } from "./settings";
import { unpack } from "./source";

export interface FunctionProgramOptions {
  readonly settings: FunctionSettings;
  /** The zip that would be uploaded, relative to the stack's folder. */
  readonly file: string;
  /** Of its secrets. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Empty; the source is unpacked into it. */
  readonly folder: string;
  readonly log: Log;
  readonly network: Network;
}

/**
 * Makes a function ready to start.
 *
 * @param stackFolder that `file` is relative to
 * @throws Error for a source that cannot run here
 */
export async function functionProgram(
  { settings, file, secrets, folder, log, network }: FunctionProgramOptions,
  stackFolder: string,
): Promise<Program> {
  unpack(resolve(stackFolder, file), folder);
  const environment = runtimeEnvironment({ ...settings, secrets }, await network.environment(settings.identity));
  const { entryPoint } = settings;
  return nodeFunction({ folder, entryPoint, environment, log, onRefused: (host) => network.refused(host) });
}
