import { randomUUID } from "node:crypto";
import type { RestReply, RestRequest } from "../core/emulator";
import { invalid } from "./storage-error";

/** Calls of a batch at most: docs/batch. */
const MAX_CALLS = 100;

/**
 * Several calls in one request: copies, deletions and changes of metadata. Each is answered as if
 * it came alone, with the batch's caller.
 *
 * Source: cloud.google.com/storage/docs/batch
 *
 * @param answer answers one call, errors included
 */
export function answerBatch(request: RestRequest, answer: (call: RestRequest) => RestReply): RestReply {
  const calls = readBatch(request);
  if (calls.length === 0 || calls.length > MAX_CALLS) {
    throw invalid(`A batch of ${calls.length} calls; allowed: 1 to ${MAX_CALLS}`);
  }
  const boundary = `batch_${randomUUID()}`;
  const parts = calls.map(({ id, call }) => {
    const { status, headers = {}, body } = answer(call);
    const text = body === undefined ? "" : typeof body === "object" ? JSON.stringify(body) : body;
    const lines = [
      `--${boundary}`,
      "Content-Type: application/http",
      `Content-ID: ${id.replace(/^<?(.*?)>?$/, "<response-$1>")}`,
      "",
      `HTTP/1.1 ${status} ${status < 300 ? "OK" : "Error"}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      "Content-Type: application/json; charset=UTF-8",
      `Content-Length: ${Buffer.byteLength(text)}`,
      "",
      text,
    ];
    return lines.join("\r\n");
  });
  return {
    status: 200,
    headers: { "content-type": `multipart/mixed; boundary=${boundary}` },
    body: Buffer.from(`${parts.join("\r\n")}\r\n--${boundary}--\r\n`),
  };
}

interface BatchCall {
  readonly id: string;
  readonly call: RestRequest;
}

/** @throws StorageError 400 */
function readBatch({ headers, body, host, caller, port }: RestRequest): BatchCall[] {
  const [, boundary] = /^multipart\/mixed;.*\bboundary="?([^";]+)"?/i.exec(headers["content-type"] ?? "") ?? [];
  if (boundary === undefined) throw invalid("A batch must be multipart/mixed with a boundary");
  // Metadata is JSON in UTF-8, and no call of a batch carries an object's content.
  const parts = body.toString().split(new RegExp(`(?:^|\\r?\\n)--${escaped(boundary)}(?:--)?[ \\t]*(?:\\r?\\n|$)`));
  return parts
    .filter((part) => part.trim() !== "")
    .map((part) => {
      const [outer, http] = headAndRest(part);
      const [head, content] = headAndRest(http);
      const [first = "", ...fields] = head.split(/\r?\n/);
      const [, method, target] = /^([A-Z]+) (\S+) HTTP\/1\.1$/.exec(first) ?? [];
      if (method === undefined || target === undefined) throw invalid(`Not a call of a batch: ${first.slice(0, 100)}`);
      const { pathname: path, searchParams: query } = new URL(target, `https://${host}`);
      const inner = fieldsOf(fields);
      const id = fieldsOf(outer.split(/\r?\n/))["content-id"] ?? "";
      return { id, call: { method, host, path, query, headers: inner, body: Buffer.from(content), caller, port } };
    });
}

function headAndRest(text: string): [string, string] {
  const [, head = text, rest = ""] = /^(.*?)\r?\n\r?\n(.*)$/s.exec(text) ?? [];
  return [head, rest];
}

function fieldsOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, name, value] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name.toLowerCase(), value]];
    }),
  );
}

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
