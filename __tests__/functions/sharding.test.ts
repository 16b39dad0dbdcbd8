import * as fc from "fast-check";
import { csvRecords, jsonlRecords } from "../../functions/batch-submitter/records";
import { cut } from "../../functions/batch-submitter/shards";
import { parseCsv, parseJsonl } from "../../functions/batch-worker/records";
import { MAX_SHARD_BYTES } from "../../functions/shared/shard";
import { cases } from "../support/deep";

/**
 * The file in pieces of the given size, as a network would deliver it: cut anywhere, in characters
 * too.
 */
async function* chunks(file: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size);
}

const newline = fc.constantFrom("\n", "\r\n");
const size = fc.integer({ min: 1, max: 40 });
const batchSize = fc.integer({ min: 1, max: 12 });
const text = fc.string({ unit: "grapheme", maxLength: 12 });
const blank = fc.constantFrom("", "", "", " ", "\t");

test("the shards of a JSON lines file hold its records, each once, in order", async () => {
  const value = fc.oneof(
    fc.integer(),
    text,
    fc.boolean(),
    fc.constant(null),
    fc.dictionary(text, text, { maxKeys: 3 }),
  );
  const lines = fc.array(fc.tuple(value, blank), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(
      lines,
      newline,
      fc.boolean(),
      fc.boolean(),
      size,
      batchSize,
      async (records, eol, last, bom, n, batch) => {
        const rows = records.flatMap(([record, empty]) => [JSON.stringify(record), ...(empty ? [empty] : [])]);
        const file = Buffer.from((bom ? "\uFEFF" : "") + rows.join(eol) + (last ? eol : ""));
        const shards = await cut(jsonlRecords(chunks(file, n)), batch);
        const parsed = shards.map(({ start, end }) => parseJsonl(file.subarray(start, end)));
        expect(parsed.flat()).toEqual(records.map(([record]) => JSON.parse(JSON.stringify(record))));
        expect(parsed.slice(0, -1).every((part) => part.length === batch)).toBe(true);
        expect(parsed.at(-1)?.length).toBeLessThanOrEqual(batch);
      },
    ),
    { numRuns: cases(300) },
  );
});

test("the shards of a CSV file hold its records, each once, in order", async () => {
  const field = fc.oneof(text, fc.constantFrom("", 'a "quote"', "two\nlines", "two\r\nlines", "a,b", "ünï, çode\n😀"));
  const columns = 3;
  const row = fc.array(field, { minLength: columns, maxLength: columns });
  const rows = fc.array(row, { minLength: 1, maxLength: 25 });
  const quote = (value: string) =>
    value === "" || /[",\r\n]|^\s|\s$/u.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  await fc.assert(
    fc.asyncProperty(
      rows,
      newline,
      fc.boolean(),
      fc.boolean(),
      size,
      batchSize,
      async (records, eol, last, bom, n, batch) => {
        const lines = [["x", "y", "z,é\n"], ...records].map((record) => record.map(quote).join(","));
        const file = Buffer.from((bom ? "\uFEFF" : "") + lines.join(eol) + (last ? eol : ""));
        let header: string[] = [];
        const shards = await cut(
          csvRecords(chunks(file, n), (names) => {
            header = names;
          }),
          batch,
        );
        expect(header).toEqual(["x", "y", "z,é\n"]);
        const parsed = shards.map(({ start, end }) => parseCsv(file.subarray(start, end), header));
        const texts = parsed.flat().map((record) => Object.values(record).map(String));
        // Fields that are numbers come back as numbers: compare what they say.
        const said = (value: string) =>
          /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(value) ? String(Number(value)) : value;
        expect(texts.map((record) => record.map(said))).toEqual(records.map((record) => record.map(said)));
        expect(parsed.slice(0, -1).every((part) => part.length === batch)).toBe(true);
      },
    ),
    { numRuns: cases(300) },
  );
});

test("blank lines between CSV records belong to no record", async () => {
  const file = Buffer.from("a,b\n\n1,2\r\n\r\n\n3,4\n\n");
  const shards = await cut(
    csvRecords(chunks(file, 3), () => {}),
    1,
  );
  expect(shards.map(({ start, end }) => parseCsv(file.subarray(start, end), ["a", "b"]))).toEqual([
    [{ a: 1, b: 2 }],
    [{ a: 3, b: 4 }],
  ]);
});

test("a shard is cut before it holds more than 8 MiB", async () => {
  const line = `"${"x".repeat(1_000_000)}"\n`;
  const file = Buffer.from(line.repeat(20));
  const shards = await cut(jsonlRecords(chunks(file, 65_536)), 10_000);
  expect(shards.map(({ start, end }) => (end - start) / line.length)).toEqual([8, 8, 4]);
  expect(8 * line.length).toBeLessThanOrEqual(MAX_SHARD_BYTES);
});

test("more shards than allowed are refused", async () => {
  const file = Buffer.from("1\n".repeat(11));
  expect(await cut(jsonlRecords(chunks(file, 4)), 2, 6)).toHaveLength(6);
  await expect(cut(jsonlRecords(chunks(file, 4)), 2, 5)).rejects.toMatchObject({
    code: "too_many_shards",
    message: "The input makes more than 5 shards of 2 records; raise batchSize",
  });
});
