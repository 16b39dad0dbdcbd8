import { request as httpRequest, maxHeaderSize } from "node:http";

/** A request down to what a polite client would not send. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  /** In their order; a name may come twice. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** How the body's end is told; `broken` hangs up before it. */
  readonly framing: "length" | "chunked" | "broken";
}

export interface RawReply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Milliseconds without an answer, after which a server counts as hanging. */
const PATIENCE = 20_000;

/**
 * @returns undefined when the request hung up, and when the server did because of headers that are too large: it answers 431
 *   before the body is there, and a connection that is closed on a body loses the answer as often
 * as not
 * @throws Error when there is no answer
 */
export function sendRaw(
  url: string,
  { method, path, headers, body, framing }: RawRequest,
): Promise<RawReply | undefined> {
  const { hostname, port } = new URL(url);
  const framed: [string, string] =
    framing === "chunked"
      ? ["Transfer-Encoding", "chunked"]
      : ["Content-Length", String(body.length + (framing === "broken" ? 10 : 0))];
  const all = [["Host", `${hostname}:${port}`], framed, ...headers].flat();
  const mayHangUp = framing === "broken" || all.reduce((sum, text) => sum + text.length, path.length) > maxHeaderSize;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ hostname, port, method, path, headers: all, agent: false, timeout: PATIENCE });
    outgoing.once("timeout", () => outgoing.destroy(new Error(`no answer in ${PATIENCE} ms`)));
    const fail = (error: NodeJS.ErrnoException) =>
      mayHangUp && ["ECONNRESET", "EPIPE"].includes(error.code ?? "") ? resolve(undefined) : reject(error);
    outgoing.once("error", fail);
    outgoing.once("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.once("error", fail);
      response.once("end", () => {
        outgoing.destroy();
        const type = response.headers["content-type"] ?? "";
        resolve({ status: response.statusCode ?? 0, type, text: Buffer.concat(chunks).toString() });
      });
    });
    if (framing === "broken") outgoing.write(body, () => outgoing.destroy());
    else outgoing.end(body);
  });
}
