import type { Log } from "../core/log";
import { type ProcessOptions, type StartedProcess, startProcess } from "../core/process";
import type { Network } from "../network";
import { PRELOAD } from "../network/network";
import { dockerRun } from "./docker";
import type { RunCommands, RunTarget } from "./run-commands";

export interface LocalProgramsOptions {
  readonly commands: RunCommands;
  readonly network: Pick<Network, "gate" | "programEnvironment" | "caFile">;
  /** Whether docker runs the images that have no command. @default false */
  readonly docker?: boolean;
}

/** A container to run. */
export interface ContainerProgram {
  readonly target: RunTarget;
  /** Replaces the image's entry point. @default - the image's own */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  /** The service account that it runs as. */
  readonly account: string;
  /** Its own variables. Those that lead it to the emulator come on top. */
  readonly environment: Readonly<Record<string, string>>;
  /** Folders of this machine by their places in the container. @default - none */
  readonly folders?: Readonly<Record<string, string>>;
  readonly log: Pick<Log, "read" | "write">;
  /** Gets the local port of each connection to Google's hosts, by which its requests are known. */
  readonly onCalling?: (port: number) => void;
}

/** Variables that a container has of its image, or for which it needs none. */
const OF_THIS_MACHINE = ["PATH", "Path", "SystemRoot", "HOME", "USERPROFILE", "APPDATA", "TMPDIR", "TEMP"];

/**
 * Runs containers on this machine: as the command that the user gave for one, else with docker if it
 * was asked for.
 */
export class LocalPrograms {
  constructor(private readonly options: LocalProgramsOptions) {}

  /** Whether something stands for a container here. */
  canRun(target: RunTarget): boolean {
    return this.commandFor(target) !== undefined || (this.options.docker === true && target.image !== undefined);
  }

  /** The command line that the user gave; undefined if there is none. */
  commandFor(target: RunTarget): string | undefined {
    return this.options.commands.commandFor(target);
  }

  /** @throws Error for a container that cannot run here, see `canRun` */
  async start(program: ContainerProgram): Promise<StartedProcess> {
    const { target, account, environment, log, onCalling } = program;
    if (!this.canRun(target)) throw new Error(missingCommand(target));
    const gate = await this.options.network.gate(onCalling);
    const network = await this.options.network.programEnvironment(account, gate);
    const own = { ...network, ...environment, ...leadingHere(network, environment) };
    const started = startProcess({ ...this.processOf(program, own), log });
    void started.ended.then(() => gate.close());
    return started;
  }

  private processOf(
    { target, command, args = [], folders }: ContainerProgram,
    env: Readonly<Record<string, string>>,
  ): Omit<ProcessOptions, "log"> {
    const line = this.commandFor(target);
    // The command stands for the image and its entry point. Arguments follow it, as in a container.
    if (line !== undefined) return { command: [line, ...args.map(quoted)].join(" "), env };
    const { caFile } = this.options.network;
    const { run, cleanUp } = dockerRun({
      image: target.image ?? "",
      command,
      args,
      folders,
      variables: Object.keys(env).filter((name) => !OF_THIS_MACHINE.includes(name)),
      files: [caFile, PRELOAD],
    });
    const { PATH = "", HOME = "" } = process.env;
    return { command: run[0] ?? "", args: run.slice(1), cleanUp, env: { ...env, PATH, HOME } };
  }
}

/** What a user reads who gave no command for a container. */
export function missingCommand({ name, image }: RunTarget): string {
  const flag = `--run ${name ?? image}=<command>`;
  return `${name ?? image} is a container, and nothing stands for its image here. Give ${flag}, or --docker`;
}

/** The variables that the stack must not replace. */
function leadingHere(
  network: Readonly<Record<string, string>>,
  { NODE_OPTIONS }: Readonly<Record<string, string>>,
): Record<string, string> {
  const names = ["NODE_EXTRA_CA_CERTS", "GCE_METADATA_HOST", "GCE_METADATA_IP", "LOCAL_GOOGLE_PORT"];
  return {
    ...Object.fromEntries(names.flatMap((name) => (network[name] === undefined ? [] : [[name, network[name]]]))),
    NODE_OPTIONS: [network.NODE_OPTIONS, NODE_OPTIONS].filter(Boolean).join(" "),
  };
}

function quoted(text: string): string {
  return process.platform === "win32" ? JSON.stringify(text) : `'${text.replaceAll("'", "'\\''")}'`;
}
