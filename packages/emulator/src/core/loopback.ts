import type { AddressInfo, Server } from "node:net";

/**
 * Begins to listen on a free port of 127.0.0.1, so that nobody else on the network reaches it.
 *
 * @throws Error of the server where it cannot
 */
export function listenOnLoopback(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
}

/** The port of a server that listens. */
export function portOf(server: Pick<Server, "address">): number {
  return (server.address() as AddressInfo).port;
}
