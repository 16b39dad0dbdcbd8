import * as fc from "fast-check";
import { type ByteEdit, byteEdit, editBytes } from "./hostile";
import { SECRET } from "./hostile-values";

const rows = (count: number, row: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => `${row(i)}\n`).join("");

/** Files that a client might upload, by name so that a failing one prints in a word. */
const FILES = {
  nothing: () => "",
  byteOrderMark: () => "\uFEFF",
  blankLines: () => "\n\r\n \n\n",
  noUtf8: () => Buffer.from([0x61, 0x2c, 0xff, 0xfe, 0x0a, 0x31, 0x2c, 0xed, 0xa0, 0x80, 0x0a]),
  zeros: () => Buffer.alloc(500),
  headerAlone: () => "x,y,parity\n",
  prototypeNames: () => `__proto__,constructor,label\n${rows(12, (i) => `${i},1,${i % 2 ? "__proto__" : "toString"}`)}`,
  twiceTheSameName: () => `x,x,x\n${rows(12, (i) => `${i},1,${i % 2}`)}`,
  largestNumbers: () => `x,y\n${rows(12, (i) => `${i % 3 ? "" : "-"}1.7e308,${i % 2}`)}`,
  smallestNumbers: () => `x,y\n${rows(12, (i) => `${i}e-320,${i % 2}`)}`,
  noNumbers: () => `x,y\n${rows(12, () => `NaN,${SECRET}`)}`,
  unevenRows: () => `x,y\n1,2\n3\n4,5,6\n`,
  openQuote: () => `x,y\n"1,2\n${rows(50, (i) => `${i},1`)}`,
  everyRowAClass: () => `x,y\n${rows(2_000, (i) => `${i},c${i}`)}`,
  twoRowsAClass: () => `x,y\n${rows(2_000, (i) => `${i},c${i >> 1}`)}`,
  wideTable: () =>
    `${Array.from({ length: 1000 }, (_, i) => `c${i}`).join()}\n${rows(3, (i) => `${i},`.repeat(999) + (i % 2))}`,
  longLine: () => `"${"x".repeat(1024 ** 2)}"\n`,
  deepLines: () => rows(3, (i) => "[".repeat(i * 40) + "]".repeat(i * 40)),
  secretLines: () => `{"a":"${SECRET}"\n`,
  tinyRecords: () => "0\n".repeat(600),
};

/** What becomes of a file that the function reads. */
export interface FileRecipe {
  readonly instead?: keyof typeof FILES;
  readonly edits: readonly ByteEdit[];
}

export const fileRecipe: fc.Arbitrary<FileRecipe> = fc.oneof(
  fc.record({ edits: fc.array(byteEdit, { minLength: 1, maxLength: 3 }) }),
  fc.record({ instead: fc.constantFrom(...(Object.keys(FILES) as (keyof typeof FILES)[])), edits: fc.constant([]) }),
);

export function spoilt(file: string, { instead, edits }: FileRecipe): Buffer {
  return editBytes(Buffer.from(instead ? FILES[instead]() : file), edits);
}
