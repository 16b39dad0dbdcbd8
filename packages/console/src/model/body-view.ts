import type { Body } from "@cdktf-serverless-ml/emulator";
import type { BodyView } from "../api-types";

/** Bytes of a body that are kept. */
const KEPT = 64 * 1024;
/** Bytes that a hex dump shows. */
const DUMPED = 512;

/** The beginning of a body. A copy, so that it keeps nothing else alive. */
export interface KeptBody {
  /** Bytes of the whole. */
  readonly size: number;
  readonly bytes: Buffer;
  readonly contentType: string;
}

export function keptBody(body: Body | undefined, contentType = ""): KeptBody | undefined {
  if (body === undefined) return undefined;
  const isJson = typeof body === "object" && !Buffer.isBuffer(body);
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(isJson ? jsonOf(body) : body);
  if (bytes.length === 0) return undefined;
  return {
    size: bytes.length,
    bytes: Buffer.from(bytes.subarray(0, KEPT)),
    contentType: isJson ? "application/json" : contentType,
  };
}

/** A body as text to show. */
export function viewOf({ size, bytes, contentType }: KeptBody): BodyView {
  const cut = bytes.length < size;
  const text = textOf(bytes, cut);
  if (text === undefined) {
    return { size, type: "binary", text: dump(bytes), cut: bytes.length > DUMPED || cut };
  }
  const json = cut ? undefined : parsed(text);
  if (json !== undefined && typeof json.value === "object" && json.value !== null) {
    const inner = innerOf(json.value);
    return { size, type: "json", text: JSON.stringify(json.value, undefined, 2), cut, ...(inner && { inner }) };
  }
  return { size, type: /\bcsv\b/.test(contentType) ? "csv" : "text", text, cut };
}

/** A whole body as text to show. */
export function viewOfAll(body: Body, contentType?: string): BodyView | undefined {
  const kept = keptBody(body, contentType);
  return kept && viewOf(kept);
}

/** What is in a push request, in a task that is created, or in a published message. */
function innerOf(value: object): BodyView | undefined {
  // biome-ignore lint/suspicious/noExplicitAny: any of several shapes.
  const { message, task, messages, receivedMessages } = value as any;
  const [only, ...more] = messages ?? receivedMessages ?? [];
  const single = more.length === 0 ? (only?.message ?? only)?.data : undefined;
  const encoded = message?.data ?? task?.httpRequest?.body ?? single;
  if (typeof encoded !== "string" || encoded === "") return undefined;
  const kept = keptBody(Buffer.from(encoded, "base64"));
  return kept && viewOf(kept);
}

/** gRPC messages hold Buffers, which JSON would show as lists of numbers. */
function jsonOf(body: object): string {
  return JSON.stringify(body, (_, value) =>
    value?.type === "Buffer" && Array.isArray(value.data) ? Buffer.from(value.data).toString("base64") : value,
  );
}

function parsed(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** Undefined for bytes that are no text. The last character of a cut text may be incomplete. */
function textOf(bytes: Buffer, cut: boolean): string | undefined {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    const text = decoder.decode(bytes, { stream: cut });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a text has none of these.
    return /[\0-\x08\x0e-\x1a]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

function dump(bytes: Buffer): string {
  const lines: string[] = [];
  for (let start = 0; start < Math.min(bytes.length, DUMPED); start += 16) {
    const row = bytes.subarray(start, Math.min(start + 16, DUMPED));
    const hex = [...row].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = [...row].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${start.toString(16).padStart(6, "0")}  ${hex.padEnd(47)}  ${text}`);
  }
  return lines.join("\n");
}
