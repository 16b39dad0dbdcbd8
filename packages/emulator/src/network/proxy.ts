import { createServer, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { listenOnLoopback, portOf } from "../core/loopback";

export interface ProxyOptions {
  /** Of the run's TLS port. */
  readonly port: () => number;
  /** Gets each host that is not one of Google's. */
  readonly onRefused: (host: string) => void;
}

/** As in preload.cjs, which does the same within Node.js processes. */
const GOOGLE = /(^|\.)(googleapis\.com|prediction\.vertexai\.goog|run\.app|cloudfunctions\.net)$/;

/**
 * An HTTP proxy that leads Google's host names to the run's TLS port and refuses all others: for
 * programs that cannot load the preload. Clients of most languages use what `https_proxy` names.
 * Source of CONNECT: RFC 9110, 9.3.6.
 */
export class ConnectProxy {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor({ port, onRefused }: ProxyOptions) {
    this.server = createServer((request, response) => {
      onRefused(hostOf(request.url ?? ""));
      response.writeHead(403).end();
    });
    this.server.on("connect", (request, socket: Socket, head: Buffer) => {
      socket.on("error", () => socket.destroy());
      const [host = "", to] = (request.url ?? "").toLowerCase().split(":");
      if (!GOOGLE.test(host) || to !== "443") {
        onRefused(host);
        socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        return;
      }
      const upstream = connect(port(), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        upstream.write(head);
        socket.pipe(upstream).pipe(socket);
      });
      upstream.on("error", () => socket.destroy());
      upstream.on("close", () => socket.destroy());
      socket.on("close", () => upstream.destroy());
    });
    this.server.on("connection", (socket) => {
      this.sockets.add(socket);
      socket.once("close", () => this.sockets.delete(socket));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${portOf(this.server)}`;
  }

  start(): Promise<void> {
    return listenOnLoopback(this.server);
  }

  stop(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

/** Of an absolute URL, as plain HTTP through a proxy has it. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : url;
}
