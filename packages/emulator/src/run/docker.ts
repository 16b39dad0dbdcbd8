import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";

export interface DockerRun {
  readonly image: string;
  /** Replaces the image's entry point. @default - the image's own */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  /** Names of the variables that the container gets from the environment of the docker command. */
  readonly variables: readonly string[];
  /** Files and folders of this machine, at the same place in the container, read only. */
  readonly files?: readonly string[];
  /** Folders of this machine by their places in the container. */
  readonly folders?: Readonly<Record<string, string>>;
}

/** Docker is asked for and does not work. */
export class DockerError extends Error {}

/**
 * The command that runs an image in the network of this machine: the emulator's ports are on
 * 127.0.0.1. Values of variables are not in it, so that no secret is in a list of processes. Source:
 * https://docs.docker.com/reference/cli/docker/container/run/
 *
 * @param name of the container
 */
export function dockerRun(
  { image, command = [], args = [], variables, files = [], folders = {} }: DockerRun,
  name = `local-${randomBytes(6).toString("hex")}`,
): { readonly run: readonly string[]; readonly cleanUp: readonly string[] } {
  const [entryPoint, ...more] = command;
  const mounts = [
    ...files.map((file) => `${file}:${file}:ro`),
    ...Object.entries(folders).map(([at, from]) => `${from}:${at}`),
  ];
  return {
    run: [
      ...["docker", "run", "--rm", "--name", name, "--network", "host"],
      ...mounts.flatMap((mount) => ["--volume", mount]),
      ...variables.flatMap((variable) => ["--env", variable]),
      ...(entryPoint === undefined ? [] : ["--entrypoint", entryPoint]),
      image,
      ...more,
      ...args,
    ],
    cleanUp: ["docker", "rm", "--force", name],
  };
}

/** @throws DockerError if there is no docker, or its daemon does not answer */
export async function requireDocker(): Promise<void> {
  try {
    const options = { timeout: 20_000, env: process.env };
    await promisify(execFile)("docker", ["version", "--format", "{{.Server.Version}}"], options);
  } catch (error) {
    const { code, stderr = "", message } = error as NodeJS.ErrnoException & { stderr?: string };
    const reason = code === "ENOENT" ? "there is no docker on PATH" : stderr.trim() || message;
    throw new DockerError(`--docker needs a docker that works (${reason}). Without it, give --run <name>=<command>`);
  }
}
