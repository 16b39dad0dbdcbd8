import { isUtf8 } from "node:buffer";
import { PermanentError } from "./errors";

/**
 * Byte order marks of other encodings. UTF-32LE comes first, because its mark begins with that of
 * UTF-16LE.
 */
const OTHER_MARKS = [
  { encoding: "UTF-32LE", mark: Buffer.from([0xff, 0xfe, 0x00, 0x00]) },
  { encoding: "UTF-32BE", mark: Buffer.from([0x00, 0x00, 0xfe, 0xff]) },
  { encoding: "UTF-16LE", mark: Buffer.from([0xff, 0xfe]) },
  { encoding: "UTF-16BE", mark: Buffer.from([0xfe, 0xff]) },
];
/** Bytes that contain the longest mark, even with a character cut off after it. */
const HEAD = 8;
const ALLOWED = "allowed: text in UTF-8, with or without a byte order mark";
const NEWLINE = 0x0a;

/**
 * Rejects bytes that are not text in UTF-8. Also rejects NUL bytes: JSON and CSV do not use them,
 * and they indicate UTF-16 without a byte order mark.
 *
 * @param what names the bytes in the error, e.g. "The body".
 * @throws PermanentError `wrong_encoding` that names the encoding, if a byte order mark shows it,
 *   or else byte offset (counted from 0) and line (from 1).
 */
export function requireUtf8(bytes: Buffer, what: string): void {
  new Utf8Check(what).check(bytes);
}

/**
 * Passes a stream of text on, and rejects what `requireUtf8` rejects, for any division into chunks.
 * Holds at most one chunk. The chunks that it yields contain whole characters.
 */
export async function* utf8Chunks(chunks: AsyncIterable<Buffer>, what: string): AsyncGenerator<Buffer> {
  const check = new Utf8Check(what);
  let held: Buffer = Buffer.alloc(0);
  let begun = false;
  for await (const chunk of chunks) {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    begun ||= bytes.length >= HEAD;
    const whole = bytes.subarray(0, begun ? bytes.length - cutCharacter(bytes) : 0);
    held = bytes.subarray(whole.length);
    check.check(whole);
    if (whole.length > 0) yield whole;
  }
  check.check(held);
  if (held.length > 0) yield held;
}

/** Checks consecutive parts of a text. A part may not end within a character. */
class Utf8Check {
  private offset = 0;
  private line = 1;

  constructor(private readonly what: string) {}

  check(bytes: Buffer): void {
    if (this.offset === 0) this.refuseOtherMarks(bytes);
    const zero = bytes.indexOf(0);
    if (zero !== -1 || !isUtf8(bytes)) {
      const broken = firstBroken(bytes);
      throw this.refusal(bytes, zero === -1 || (broken !== -1 && broken < zero) ? broken : zero);
    }
    this.offset += bytes.length;
    this.line += newlines(bytes);
  }

  private refuseOtherMarks(bytes: Buffer): void {
    const found = OTHER_MARKS.find(({ mark }) => bytes.subarray(0, mark.length).equals(mark));
    if (!found) return;
    const message = `${this.what} is in ${found.encoding}, by its byte order mark; ${ALLOWED}`;
    throw new PermanentError("wrong_encoding", message);
  }

  private refusal(bytes: Buffer, at: number): PermanentError {
    const offset = this.offset + at;
    const line = this.line + newlines(bytes.subarray(0, at));
    const byte = bytes[at] ?? 0;
    // In UTF-16 the zero is the high half of an ASCII character: the second byte of the pair in
    // UTF-16LE.
    const given =
      byte === 0 ? `NUL, as in UTF-16${offset % 2 ? "LE" : "BE"}` : `0x${byte.toString(16).padStart(2, "0")}`;
    const message = `${this.what} is not in UTF-8: the byte at offset ${offset} (line ${line}) is ${given}; ${ALLOWED}`;
    return new PermanentError("wrong_encoding", message);
  }
}

function newlines(bytes: Buffer): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === NEWLINE) count++;
  return count;
}

/** Number of bytes at the end that begin a character of the next chunk. */
function cutCharacter(bytes: Buffer): number {
  for (let length = 1; length <= Math.min(3, bytes.length); length++) {
    const byte = bytes[bytes.length - length] ?? 0;
    if (byte >= 0xc0) return length < lengthOf(byte) ? length : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

/** Offset of the first byte that does not begin a well-formed character; -1 if there is none. */
function firstBroken(bytes: Buffer): number {
  for (let i = 0; i < bytes.length; ) {
    const length = lengthOf(bytes[i] ?? 0);
    if (length > 1 && (i + length > bytes.length || !isUtf8(bytes.subarray(i, i + length)))) return i;
    if (length === 1 && (bytes[i] ?? 0) >= 0x80) return i;
    i += length;
  }
  return -1;
}

/** Length of the character that a byte begins; 1 for a byte that begins none. */
function lengthOf(byte: number): number {
  if (byte >= 0xf0) return 4;
  if (byte >= 0xe0) return 3;
  return byte >= 0xc0 ? 2 : 1;
}
