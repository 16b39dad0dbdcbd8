import { parse } from "csv-parse/sync";
import { PermanentError } from "../shared/errors";
import { isExact } from "../shared/exact-number";
import { parseJson } from "../shared/json";
import { CSV_RECORD_DELIMITERS, MAX_SHARD_RECORDS } from "../shared/shard";
import { requireUtf8 } from "../shared/utf8";

/** A number in JSON's syntax. `007` and `1e` do not match and stay text. */
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * Parses the records of a shard of JSON lines. Skips blank lines.
 *
 * @throws PermanentError as `parseJson` does, naming the record, counted from 1 within the shard;
 *   `too_many_records`.
 */
export function parseJsonl(bytes: Buffer): unknown[] {
  const records: unknown[] = [];
  for (const line of splitLines(bytes)) {
    if (!line.some((byte) => byte > 0x20)) continue;
    if (records.length === MAX_SHARD_RECORDS) throw tooMany();
    records.push(parseJson(line, `Record ${records.length + 1} of the shard`));
  }
  return records;
}

function* splitLines(bytes: Buffer): Generator<Buffer> {
  let from = 0;
  for (let at = bytes.indexOf("\n"); at !== -1; at = bytes.indexOf("\n", from)) {
    yield bytes.subarray(from, at);
    from = at + 1;
  }
  yield bytes.subarray(from);
}

function tooMany(): PermanentError {
  return new PermanentError("too_many_records", `The shard has more than ${MAX_SHARD_RECORDS} records`);
}

/**
 * Parses the records of a shard of CSV into objects by column. Fields that are exact numbers become
 * numbers. All other fields stay text (see `parseField`).
 *
 * @throws PermanentError `wrong_encoding`; `malformed_csv` for broken quotes, or a record that does
 *   not have one field per column; `too_many_records`.
 */
export function parseCsv(bytes: Buffer, columns: readonly string[]): Record<string, unknown>[] {
  requireUtf8(bytes, "The shard");
  let records: string[][];
  try {
    records = parse(bytes, {
      skip_empty_lines: true,
      record_delimiter: CSV_RECORD_DELIMITERS,
      to: MAX_SHARD_RECORDS + 1,
    });
  } catch {
    throw new PermanentError("malformed_csv", "The shard is not valid CSV");
  }
  if (records.length > MAX_SHARD_RECORDS) throw tooMany();
  return records.map((record, index) => {
    if (record.length !== columns.length) {
      const message = `Record ${index + 1} of the shard has ${record.length} fields; allowed: ${columns.length}`;
      throw new PermanentError("malformed_csv", message);
    }
    return Object.fromEntries(columns.map((column, i) => [column, parseField(record[i] ?? "")]));
  });
}

/**
 * A field becomes a number when it has JSON's syntax for numbers and the number is exact (see
 * `isExact`). Whole numbers beyond 2^53, in any notation, stay text: they are probably ids and not
 * measurements.
 */
function parseField(field: string): string | number {
  if (!NUMBER.test(field) || !isExact(field)) return field;
  const number = Number(field);
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? field : number;
}
