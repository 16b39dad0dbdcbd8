import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ApiError } from "../../src/core/api-error";
import type { Caller, RestReply, RestService } from "../../src/core/emulator";

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

/** Puts an emulator's REST service on a port of its own, every request being that caller's. */
export async function serve(service: RestService, caller: Caller): Promise<Served> {
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const url = new URL(incoming.url ?? "/", "http://localhost");
    const reply: RestReply = await service
      .handle({
        method: incoming.method ?? "GET",
        host: "127.0.0.1",
        path: url.pathname,
        query: url.searchParams,
        headers: incoming.headers as Record<string, string>,
        body: Buffer.concat(chunks),
        caller,
      })
      .catch((error) => {
        if (error instanceof ApiError) return { status: error.http, body: error.toJSON() };
        throw error;
      });
    const { status, headers, body } = reply;
    const json = typeof body === "object" && !Buffer.isBuffer(body);
    outgoing.writeHead(status, { ...(json && { "content-type": "application/json" }), ...headers });
    outgoing.end(json ? JSON.stringify(body) : body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
