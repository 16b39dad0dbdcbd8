import { type ProcessOptions, type StartedProcess, startProcess } from "../core/process";
import type { Network } from "../network";

/** The part of the network that processes need. */
export type ProcessNetwork = Pick<Network, "gate" | "programEnvironment" | "caFile">;

export interface LocalProcess {
  /** The service account that it runs as. */
  readonly account: string;
  /** Its own variables. Those that lead it to the emulator come on top. */
  readonly environment: Readonly<Record<string, string>>;
  readonly log: ProcessOptions["log"];
  /** Gets the local port of each connection to Google's hosts, by which its requests are known. */
  readonly onCalling?: (port: number) => void;
}

/**
 * Starts a process in any language that reaches Google's hosts through the run's network as a
 * service account.
 *
 * @param optionsOf what is started in the process's environment
 */
export async function startLocally(
  network: ProcessNetwork,
  { account, environment, log, onCalling }: LocalProcess,
  optionsOf: (env: Readonly<Record<string, string>>) => Omit<ProcessOptions, "log">,
): Promise<StartedProcess> {
  const gate = await network.gate(onCalling);
  const leading = await network.programEnvironment(account, gate);
  // Python keeps its output back where nobody looks on.
  const env = { PYTHONUNBUFFERED: "1", ...leading, ...environment, ...kept(leading, environment) };
  const started = startProcess({ ...optionsOf(env), log });
  void started.ended.then(() => gate.close());
  return started;
}

/** The variables that the stack must not replace. */
function kept(
  leading: Readonly<Record<string, string>>,
  { NODE_OPTIONS }: Readonly<Record<string, string>>,
): Record<string, string> {
  const names = ["NODE_EXTRA_CA_CERTS", "GCE_METADATA_HOST", "GCE_METADATA_IP", "LOCAL_GOOGLE_PORT"];
  return {
    ...Object.fromEntries(names.flatMap((name) => (leading[name] === undefined ? [] : [[name, leading[name]]]))),
    NODE_OPTIONS: [leading.NODE_OPTIONS, NODE_OPTIONS].filter(Boolean).join(" "),
  };
}
