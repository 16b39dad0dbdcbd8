import { createHash } from "node:crypto";

const POLYNOMIAL = 0x82f63b78;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  return value;
});

/**
 * CRC32C (Castagnoli), base64 in big-endian order as Cloud Storage shows it. Source: RFC 4960
 * appendix B; objects resource.
 */
export const crc32c = remembered((content) => {
  let value = 0xffffffff;
  for (const byte of content) value = ((TABLE[(value ^ byte) & 0xff] as number) ^ (value >>> 8)) >>> 0;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE((value ^ 0xffffffff) >>> 0);
  return bytes.toString("base64");
});

/** Base64, as Cloud Storage shows it. */
export const md5 = remembered((content) => createHash("md5").update(content).digest("base64"));

/** Content never changes, and few objects are asked for their checksums, some of them often. */
function remembered(calculate: (content: Buffer) => string): (content: Buffer) => string {
  const known = new WeakMap<Buffer, string>();
  return (content) => {
    let sum = known.get(content);
    if (sum === undefined) {
      sum = calculate(content);
      known.set(content, sum);
    }
    return sum;
  };
}
