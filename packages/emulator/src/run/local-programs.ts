import type { ProcessOptions, StartedProcess } from "../core/process";
import { shellQuoted } from "../core/shell";
import { PRELOAD } from "../network/network";
import { dockerRun } from "./docker";
import { type LocalProcess, type ProcessNetwork, startLocally } from "./local-process";
import type { RunCommands, RunTarget } from "./run-commands";

export interface LocalProgramsOptions {
  readonly commands: RunCommands;
  readonly network: ProcessNetwork;
  /** Whether docker runs the images that have no command. @default false */
  readonly docker?: boolean;
}

/** A container to run. */
export interface ContainerProgram extends LocalProcess {
  readonly target: RunTarget;
  /** Replaces the image's entry point. @default - the image's own */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  /** Folders of this machine by their places in the container. @default - none */
  readonly folders?: Readonly<Record<string, string>>;
}

type Variables = ContainerProgram["environment"];

/** Variables that a container has of its image, or for which it needs none. */
const OF_THIS_MACHINE = ["PATH", "Path", "SystemRoot", "HOME", "USERPROFILE", "APPDATA", "TMPDIR", "TEMP"];

/**
 * Runs containers on this machine: as the command that the user gave for one, else with docker if
 * it was asked for.
 */
export class LocalPrograms {
  constructor(private readonly options: LocalProgramsOptions) {}

  /** Whether something stands for a container here. */
  canRun(target: RunTarget): boolean {
    return this.commandFor(target) !== undefined || (this.options.docker === true && target.image !== undefined);
  }

  /**
   * The variables of a container that sees buckets as folders. In docker the buckets are where the
   * stack says; a command finds copies of them on this machine.
   *
   * @param own as the stack says
   * @param moved with the paths of the copies
   */
  variablesOf(target: RunTarget, own: Variables, moved: Variables): Variables {
    return this.commandFor(target) === undefined ? own : moved;
  }

  /** @throws Error for a container that cannot run here, see `canRun` */
  async start(program: ContainerProgram): Promise<StartedProcess> {
    if (!this.canRun(program.target)) throw new Error(missingCommand(program.target));
    return startLocally(this.options.network, program, (env) => this.processOf(program, env));
  }

  /** The command line that the user gave; undefined if there is none. */
  private commandFor(target: RunTarget): string | undefined {
    return this.options.commands.commandFor(target);
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

function quoted(text: string): string {
  return process.platform === "win32" ? JSON.stringify(text) : shellQuoted(text);
}
