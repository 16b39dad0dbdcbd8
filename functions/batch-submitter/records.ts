import { pipeline, Readable } from "node:stream";
import { CsvError, type Info, parse } from "csv-parse";
import { PermanentError } from "../shared/errors";
import { parseJson } from "../shared/json";
import { CSV_RECORD_DELIMITERS, MAX_RECORD_BYTES } from "../shared/shard";

/**
 * Position of one record in the file: bytes `start` to `end` (exclusive), including its line break.
 */
export interface RecordRange {
  start: number;
  end: number;
}

const BYTE_ORDER_MARK = Buffer.from("\uFEFF");
const NEWLINE = 0x0a;

/**
 * Finds the records of a JSON lines file. Skips blank lines.
 *
 * @throws PermanentError that names the line, for a line that is not JSON or longer than 1 MiB.
 */
export async function* jsonlRecords(chunks: AsyncIterable<Buffer>): AsyncGenerator<RecordRange> {
  let rest: Buffer = Buffer.alloc(0);
  let start = 0;
  let line = 1;

  function* record(bytes: Buffer, lineBreak: 0 | 1): Generator<RecordRange> {
    const from = start + (start === 0 && bytes.indexOf(BYTE_ORDER_MARK) === 0 ? BYTE_ORDER_MARK.length : 0);
    const text = bytes.subarray(from - start);
    if (text.length > MAX_RECORD_BYTES) throw tooLong(line);
    start += bytes.length + lineBreak;
    if (text.some((byte) => byte > 0x20)) {
      parseJson(text, `Line ${line} of the input`);
      yield { start: from, end: start };
    }
    line++;
  }

  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
      yield* record(bytes.subarray(from, at), 1);
      from = at + 1;
    }
    rest = bytes.subarray(from);
    if (rest.length > MAX_RECORD_BYTES + BYTE_ORDER_MARK.length) throw tooLong(line);
  }
  if (rest.length > 0) yield* record(rest, 0);
}

/**
 * Finds the records of a CSV file (RFC 4180: comma, double quotes, quoted line breaks). The first
 * record is the header.
 *
 * @param onHeader receives the column names, before the first record.
 * @throws PermanentError that names the line: for broken quotes, for a record over 1 MiB or with
 *   too few or too many fields, and for a header with empty or repeated names.
 */
export async function* csvRecords(
  chunks: AsyncIterable<Buffer>,
  onHeader: (columns: string[]) => void,
): AsyncGenerator<RecordRange> {
  const parser = parse({
    bom: true,
    info: true,
    skip_empty_lines: true,
    record_delimiter: CSV_RECORD_DELIMITERS,
    max_record_size: MAX_RECORD_BYTES,
  });
  pipeline(Readable.from(chunks), parser, () => {
    // The loop below receives the error.
  });
  let start: number | undefined;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      if (start === undefined) onHeader(checkedHeader(record));
      else yield { start, end: info.bytes };
      start = info.bytes;
    }
  } catch (error) {
    if (error instanceof CsvError) throw malformed(error);
    throw error;
  }
}

function checkedHeader(columns: string[]): string[] {
  if (columns.every((column) => column.trim() !== "") && new Set(columns).size === columns.length) return columns;
  throw new PermanentError("malformed_csv", "The header, line 1 of the input, needs a name for each column, each once");
}

/** The messages of csv-parse quote the record. The error gives only code and line. */
function malformed(error: CsvError): PermanentError {
  const line = Number(error.lines ?? 0);
  if (error.code === "CSV_MAX_RECORD_SIZE") return tooLong(line);
  return new PermanentError("malformed_csv", `Line ${line} of the input is not valid CSV (${error.code})`);
}

function tooLong(line: number): PermanentError {
  return new PermanentError("record_too_large", `Line ${line} of the input is longer than ${MAX_RECORD_BYTES} bytes`);
}
