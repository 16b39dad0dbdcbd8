import { parse } from "csv-parse/sync";
import { PermanentError } from "../shared/errors";
import { parseJson } from "../shared/json";
import { CSV_RECORD_DELIMITERS } from "../shared/shard";

/** A number as JSON writes it: `007` and `1e` stay text. */
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * Parses the records of a shard of JSON lines. Blank lines are skipped.
 *
 * @throws PermanentError `malformed_json` that names the record, counted from 1 within the shard.
 */
export function parseJsonl(bytes: Buffer): unknown[] {
  const lines = splitLines(bytes).filter((line) => line.some((byte) => byte > 0x20));
  return lines.map((line, index) => parseJson(line, `Record ${index + 1} of the shard`));
}

function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf("\n"); at !== -1; at = bytes.indexOf("\n", from)) {
    lines.push(bytes.subarray(from, at));
    from = at + 1;
  }
  return [...lines, bytes.subarray(from)];
}

/**
 * Parses the records of a shard of CSV into objects by column. Values that are numbers become numbers, unless they are
 * integers too large to be exact.
 *
 * @throws PermanentError `malformed_csv` for broken quotes, or a record that does not have one field per column.
 */
export function parseCsv(bytes: Buffer, columns: readonly string[]): Record<string, unknown>[] {
  let records: string[][];
  try {
    records = parse(bytes, { skip_empty_lines: true, record_delimiter: CSV_RECORD_DELIMITERS });
  } catch {
    throw new PermanentError("malformed_csv", "The shard is not valid CSV");
  }
  return records.map((record, index) => {
    if (record.length !== columns.length) {
      const message = `Record ${index + 1} of the shard has ${record.length} fields; allowed: ${columns.length}`;
      throw new PermanentError("malformed_csv", message);
    }
    return Object.fromEntries(columns.map((column, i) => [column, parseField(record[i] ?? "")]));
  });
}

function parseField(field: string): string | number {
  if (!NUMBER.test(field)) return field;
  const number = Number(field);
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? field : number;
}
