import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import type { StartedProcess } from "../core/process";
import type { ContainerServiceSettings } from "./container-service";
import type { Program } from "./instance";
import type { LocalPrograms } from "./local-programs";
import { mount, type Objects } from "./mounts";
import { isReadyInTime, type Probe } from "./probe";
import { serviceVariables } from "./runtime";

export interface ContainerProgramOptions {
  readonly settings: ContainerServiceSettings;
  readonly programs: LocalPrograms;
  /** Of its secrets. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly objects: Objects;
  /** For copies of mounted buckets. */
  readonly folder: string;
}

/** The process that stands for an instance of a container service. */
export function containerProgram({ settings, programs, secrets, objects, folder }: ContainerProgramOptions): Program {
  const { name, address, identity, container, startupProbe } = settings;
  const target = { name, address, image: container.image };
  return async (onCalling, log) => {
    const port = await freePort();
    const { folders, environment, remove } = mount(container.mounts, container.environment, objects, folder);
    const process = await programs.start({
      target,
      command: container.command,
      args: container.args,
      account: identity,
      environment: {
        ...programs.variablesOf(target, container.environment, environment),
        ...secrets,
        ...serviceVariables(name),
        PORT: String(port),
      },
      folders,
      log,
      onCalling,
    });
    void process.ended.then(remove);
    return { process, listening: listeningOn(port, startupProbe, process) };
  };
}

/** @throws Error if a process is not ready in time, which is killed then */
export async function listeningOn(port: number, probe: Probe, process: StartedProcess): Promise<number> {
  const gone = new AbortController();
  void process.ended.then(() => gone.abort());
  if (await isReadyInTime(port, probe, gone.signal)) return port;
  // Whoever waits learns of the end of a process by itself.
  if (gone.signal.aborted) return new Promise(() => {});
  process.kill();
  const seconds = probe.patience / 1000;
  throw new Error(
    probe.path === undefined
      ? `nothing listened on 127.0.0.1:${port}, which is PORT, within ${seconds} s`
      : `GET ${probe.path} on 127.0.0.1:${port}, which is PORT, was not answered with 200 to 399 within ${seconds} s`,
  );
}

/**
 * Below the ports that systems give to whoever asks for any: 32768 and more on Linux, 49152 and
 * more elsewhere.
 */
const PORTS = { first: 20_000, count: 12_000 };
let last = randomInt(PORTS.count);

/**
 * A port of this machine that nobody listens on. The program listens on it some time later, so it
 * is none that the system gives to a server or a connection meanwhile, and none that was given here
 * lately.
 *
 * @throws Error if all are taken
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORTS.count; tries++) {
    last = (last + 1) % PORTS.count;
    const port = PORTS.first + last;
    if (await isFree(port)) return port;
  }
  throw new Error(`All ports from ${PORTS.first} to ${PORTS.first + PORTS.count - 1} are taken`);
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
