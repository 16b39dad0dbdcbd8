import { request } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** How it is seen that a process is ready. Times in milliseconds of real time. */
export interface Probe {
  /** A GET that must be answered 200 to 399. @default - the port has to be open */
  readonly path?: string;
  /** Of one try. */
  readonly timeout: number;
  /** After which the process is given up. */
  readonly patience: number;
}

/**
 * Milliseconds between tries. Cloud Run takes `period_seconds`; here nobody has to wait so long.
 */
const INTERVAL = 25;

/**
 * Waits until a process is ready.
 *
 * @param signal ends the wait
 * @returns whether it is
 */
export async function isReadyInTime(port: number, probe: Probe, signal: AbortSignal): Promise<boolean> {
  const end = Date.now() + probe.patience;
  while (!signal.aborted && Date.now() < end) {
    if (await (probe.path === undefined ? opens(port, probe.timeout) : answers(port, probe.path, probe.timeout))) {
      return true;
    }
    await sleep(INTERVAL);
  }
  return false;
}

function opens(port: number, timeout: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", timeout });
    const end = (found: boolean) => {
      socket.destroy();
      resolve(found);
    };
    socket.once("connect", () => end(true));
    socket.once("timeout", () => end(false));
    socket.once("error", () => end(false));
  });
}

function answers(port: number, path: string, timeout: number): Promise<boolean> {
  return new Promise((resolve) => {
    const outgoing = request({ port, host: "127.0.0.1", path, timeout, agent: false }, (response) => {
      response.resume();
      const { statusCode = 0 } = response;
      resolve(statusCode >= 200 && statusCode < 400);
    });
    outgoing.once("timeout", () => outgoing.destroy());
    outgoing.once("error", () => resolve(false));
    outgoing.once("close", () => resolve(false));
    outgoing.end();
  });
}
