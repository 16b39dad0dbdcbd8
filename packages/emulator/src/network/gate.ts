import { connect, createServer, type Socket } from "node:net";
import { listenOnLoopback, portOf } from "../core/loopback";
import { ConnectProxy } from "./proxy";

export interface GateOptions {
  /** Of the run's TLS port. */
  readonly port: () => number;
  /** Gets each host that the process calls and must not reach. */
  readonly onRefused: (host: string) => void;
  /** Gets the local port of each connection to Google's hosts, by which its requests are known. */
  readonly onCalling?: (port: number) => void;
}

/**
 * The way of one process to Google's hosts: a port that leads to the run's TLS port, and a proxy
 * before it. So it is known which process makes a call, whatever language it is written in.
 */
export class Gate {
  private readonly sockets = new Set<Socket>();
  private readonly relay = createServer((socket) => this.pass(socket));
  private readonly proxy: ConnectProxy;

  private constructor(private readonly options: GateOptions) {
    this.proxy = new ConnectProxy({ port: () => this.port, onRefused: options.onRefused });
  }

  static async open(options: GateOptions): Promise<Gate> {
    const gate = new Gate(options);
    await Promise.all([listenOnLoopback(gate.relay), gate.proxy.start()]);
    return gate;
  }

  get port(): number {
    return portOf(this.relay);
  }

  get proxyUrl(): string {
    return this.proxy.url;
  }

  close(): void {
    this.relay.close();
    this.proxy.stop();
    for (const socket of this.sockets) socket.destroy();
  }

  private pass(socket: Socket): void {
    const upstream = connect(this.options.port(), "127.0.0.1", () => {
      // Before the first byte, so that the caller of the first request is known.
      this.options.onCalling?.(upstream.localPort ?? 0);
      socket.pipe(upstream).pipe(socket);
    });
    const both = [socket, upstream];
    for (const each of both) {
      this.sockets.add(each);
      each.on("error", () => {});
      each.once("close", () => {
        for (const end of both) {
          end.destroy();
          this.sockets.delete(end);
        }
      });
    }
  }
}
