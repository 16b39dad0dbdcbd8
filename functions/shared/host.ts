import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage, Server, ServerResponse } from "node:http";

/*
 * Two defaults of Functions Framework do not fit these functions. This file changes both from
 * outside, on the diagnostics channel on which Node announces each request before the server's own
 * code receives it.
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
 * Leaves request bodies to the function. By default the framework parses them by content type and
 * answers malformed JSON itself. Cloud Tasks would then retry such a task, and the task would never
 * reach its dead letter.
 *
 * The framework does not parse a body without content type. `rawHeaders` still has the content
 * type.
 *
 * @returns undoes the change
 */
export function leaveBodiesAlone(): () => void {
  return onRequest(({ request }) => {
    delete request.headers["content-type"];
  });
}

/**
 * Lets requests in flight end before the process does. On SIGTERM the framework answers the newest
 * request with 500 and drops the others, though Cloud Run grants 10 seconds to finish.
 *
 * @returns undoes the change
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
