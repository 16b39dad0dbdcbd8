import * as fc from "fast-check";
import { requireUtf8, utf8Chunks } from "../../functions/shared/utf8";
import { cases } from "../support/deep";

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** The text that a stream passes on, or the error's message. */
async function streamed(bytes: Buffer, size: number): Promise<Buffer | string> {
  const parts: Buffer[] = [];
  try {
    for await (const part of utf8Chunks(chunks(bytes, size), "The input")) {
      // Whole characters, so that nobody who decodes a chunk alone sees half of one.
      new TextDecoder("utf-8", { fatal: true }).decode(part);
      parts.push(part);
    }
  } catch (error) {
    expect(error).toMatchObject({ code: "wrong_encoding", status: 400 });
    return (error as Error).message;
  }
  return Buffer.concat(parts);
}

function whole(bytes: Buffer): Buffer | string {
  try {
    requireUtf8(bytes, "The input");
    return bytes;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Node's decoder, which is not ours, and that text has no NUL. */
function isText(bytes: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return false;
  }
  return !bytes.includes(0);
}

const size = fc.integer({ min: 1, max: 7 });
const text = fc.string({ unit: "binary", maxLength: 40 }).map((value) => value.replaceAll("\0", "\n"));

test("text in UTF-8 passes unchanged, wherever it is cut", async () => {
  const marked = fc.tuple(fc.boolean(), text).map(([mark, value]) => (mark ? `\uFEFF${value}` : value));
  await fc.assert(
    fc.asyncProperty(marked, size, async (value, n) => {
      const bytes = Buffer.from(value);
      expect(await streamed(bytes, n)).toEqual(bytes);
      expect(whole(bytes)).toBe(bytes);
    }),
    { numRuns: cases(500) },
  );
});

test("any other bytes are refused with the offset of the first wrong one and its line, wherever they are cut", async () => {
  // Bytes that begin, continue and break characters: overlong forms, surrogates, beyond U+10FFFF,
  // cut sequences.
  const risky = [0x0a, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef];
  const byte = fc.oneof(fc.constantFrom(...risky, 0xf0, 0xf4, 0xf5, 0xff, 0x00), fc.integer({ min: 0, max: 255 }));
  const bytes = fc.oneof(
    fc.array(byte, { maxLength: 24 }).map((values) => Buffer.from(values)),
    fc.tuple(text, byte, text).map(([a, b, c]) => Buffer.concat([Buffer.from(a), Buffer.from([b]), Buffer.from(c)])),
  );
  await fc.assert(
    fc.asyncProperty(bytes, size, async (given, n) => {
      const message = whole(given);
      expect(await streamed(given, n)).toEqual(message);
      expect(typeof message === "string").toBe(!isText(given));
      if (typeof message !== "string" || message.includes("byte order mark;")) return;
      const [, offset, line] =
        /^The input is not in UTF-8: the byte at offset (\d+) \(line (\d+)\) is /.exec(message) ?? [];
      const before = given.subarray(0, Number(offset));
      expect(isText(before)).toBe(true);
      // No longer prefix is text, unless it only adds what follows: each would hold the wrong byte.
      for (let end = before.length + 1; end <= given.length; end++) expect(isText(given.subarray(0, end))).toBe(false);
      expect(Number(line)).toBe(before.toString().split("\n").length);
    }),
    { numRuns: cases(2_000) },
  );
});

const CITIES = "city,n\nZürich,1\nZörich,2\n";
const swapped = (value: string) => Buffer.from(value, "utf16le").swap16();
const utf32 = (value: string, littleEndian: boolean) =>
  Buffer.concat(
    [...value].map((character) => {
      const unit = Buffer.alloc(4);
      unit[littleEndian ? "writeUInt32LE" : "writeUInt32BE"](character.codePointAt(0) ?? 0);
      return unit;
    }),
  );

test.each([
  ["Latin-1", Buffer.from(CITIES, "latin1"), /offset 8 \(line 2\) is 0xfc; allowed: text in UTF-8/],
  // The euro sign: https://encoding.spec.whatwg.org/index-windows-1252.txt
  ["Windows-1252", Buffer.from("price\n5 \x80\n", "latin1"), /offset 8 \(line 2\) is 0x80; allowed/],
  [
    "UTF-16LE with a mark",
    Buffer.from(`\uFEFF${CITIES}`, "utf16le"),
    /^The input is in UTF-16LE, by its byte order mark/,
  ],
  ["UTF-16BE with a mark", swapped(`\uFEFF${CITIES}`), /^The input is in UTF-16BE, by its byte order mark/],
  ["UTF-32LE with a mark", utf32(`\uFEFF${CITIES}`, true), /^The input is in UTF-32LE, by its byte order mark/],
  ["UTF-32BE with a mark", utf32(`\uFEFF${CITIES}`, false), /^The input is in UTF-32BE, by its byte order mark/],
  ["UTF-16LE without a mark", Buffer.from(CITIES, "utf16le"), /offset 1 \(line 1\) is NUL, as in UTF-16LE; allowed/],
  ["UTF-16BE without a mark", swapped(CITIES), /offset 0 \(line 1\) is NUL, as in UTF-16BE; allowed/],
  ["a NUL in a later line", Buffer.from("a,b\n1,2\0\n"), /offset 7 \(line 2\) is NUL/],
  // Table 3-7 of the Unicode standard, chapter 3.9, has all well-formed sequences.
  ["an overlong slash", Buffer.from([0x61, 0xc0, 0xaf]), /offset 1 \(line 1\) is 0xc0/],
  ["an overlong form of three bytes", Buffer.from([0xe0, 0x80, 0xaf]), /offset 0 \(line 1\) is 0xe0/],
  ["half of a surrogate pair", Buffer.from([0x0a, 0xed, 0xa0, 0x80]), /offset 1 \(line 2\) is 0xed/],
  ["a code point beyond U+10FFFF", Buffer.from([0xf4, 0x90, 0x80, 0x80]), /offset 0 \(line 1\) is 0xf4/],
  ["a character that the end cuts", Buffer.from("ab😀").subarray(0, 5), /offset 2 \(line 1\) is 0xf0/],
])("%s is refused, in one piece or many", async (_name, bytes, message) => {
  expect(whole(bytes)).toMatch(message);
  for (const n of [1, 2, 3, 5, 64]) expect(await streamed(bytes, n)).toBe(whole(bytes));
});
