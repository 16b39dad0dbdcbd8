import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage, Server, ServerResponse } from "node:http";

/*
 * Two things that Functions Framework does to its functions and that ours cannot live with. Both are changed from outside,
 * on the channel on which Node announces each request before the server's own code sees it.
 */

interface RequestStart {
  request: IncomingMessage;
  response: ServerResponse;
  server: Server;
}

const CHANNEL = "http.server.request.start";

/** Listens to all servers of the process. @returns stops listening */
function onRequest(listener: (start: RequestStart) => void): () => void {
  const onMessage = (message: unknown) => listener(message as RequestStart);
  subscribe(CHANNEL, onMessage);
  return () => {
    unsubscribe(CHANNEL, onMessage);
  };
}

/**
 * Leaves request bodies to the function. The framework parses them by content type and answers malformed JSON itself, so
 * that such a task would be retried for ever and never reach its dead letter. What has no content type it leaves alone;
 * `rawHeaders` still tells it.
 *
 * @returns undoes it
 */
export function leaveBodiesAlone(): () => void {
  return onRequest(({ request }) => {
    delete request.headers["content-type"];
  });
}

/**
 * Lets requests in flight end before the process does. The framework answers the newest one with 500 on SIGTERM and drops
 * the others, though Cloud Run leaves 10 seconds to finish.
 *
 * @returns undoes it
 */
export function finishRequestsOnSigterm(
  self: Pick<NodeJS.Process, "on" | "removeAllListeners" | "exit"> = process,
): () => void {
  const inFlight = new Set<ServerResponse>();
  let ending = false;
  let takenOver = false;
  const exitWhenIdle = () => {
    if (ending && inFlight.size === 0) self.exit(0);
  };
  return onRequest(({ response, server }) => {
    inFlight.add(response);
    response.once("close", () => {
      inFlight.delete(response);
      exitWhenIdle();
    });
    if (takenOver) return;
    takenOver = true;
    // Only now: the framework adds its own listener when it starts to listen.
    self.removeAllListeners("SIGTERM");
    self.on("SIGTERM", () => {
      ending = true;
      server.close();
      exitWhenIdle();
    });
  });
}
