import { invalid } from "./storage-error";

export interface Part {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly content: Buffer;
}

/** Splits a `multipart/related` body. Source: RFC 2046 5.1. @throws StorageError 400 */
export function readMultipart(contentType: string, body: Buffer): Part[] {
  const boundary = /boundary=(?:"([^"]+)"|'([^']+)'|([^;\s]+))/i.exec(contentType);
  if (!boundary) throw invalid("Missing multipart boundary in the Content-Type header");
  const delimiter = Buffer.from(`--${boundary[1] ?? boundary[2] ?? boundary[3]}`);

  const parts: Part[] = [];
  let start = body.indexOf(delimiter);
  while (start >= 0) {
    const from = start + delimiter.length;
    if (body.subarray(from, from + 2).toString() === "--") return parts;
    const next = body.indexOf(Buffer.concat([Buffer.from("\r\n"), delimiter]), from);
    if (next < 0) break;
    parts.push(readPart(body.subarray(from, next)));
    start = next + 2;
  }
  throw invalid("Malformed multipart body.");
}

function readPart(bytes: Buffer): Part {
  // The delimiter's own line ends here; without headers the empty line follows at once.
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) throw invalid("Malformed multipart body.");
  const lines = bytes.subarray(0, end).toString().split("\r\n").filter(Boolean);
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { headers: Object.fromEntries(headers), content: bytes.subarray(end + 4) };
}
