import { CsvError, parse } from "csv-parse/sync";
import { PermanentError } from "../shared/errors";
import { isExact } from "../shared/exact-number";
import type { Row } from "../shared/learning/data";
import { requireUtf8 } from "../shared/utf8";
import { MAX_FEATURE, MAX_ROWS, Problems, type Table } from "./table";

/** A decimal number. `Number` would also accept `0x1F` and `0b1`. */
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
/**
 * Reads a CSV with a header, one label column and numeric features.
 *
 * @param label name of the label column. Default: the last column.
 * @param maxRows most rows. Default 500000.
 * @throws PermanentError `wrong_encoding`; `malformed_csv` for text that is not CSV; `invalid_rows`
 *   that lists line and reason of each bad row; `too_many_rows`.
 */
export function readTable(bytes: Buffer, label?: string, maxRows = MAX_ROWS): Table {
  requireUtf8(bytes, "The CSV");
  let columns: Columns | undefined;
  const rows: Row[] = [];
  const problems = new Problems("the CSV");
  // Row by row: all records at once would need several times the memory.
  forEachRecord(bytes, (record, line) => {
    if (!columns) columns = readHeader(record, label);
    else if (rows.push(readRow(record, columns, (what) => problems.add(`line ${line}: ${what}`))) > maxRows) {
      throw new PermanentError("too_many_rows", `The CSV holds more than the ${maxRows} rows that are allowed`);
    }
  });
  if (!columns || rows.length === 0) throw new PermanentError("malformed_csv", "The CSV needs a header and rows");
  problems.throwIfAny();
  return { features: columns.features, rows };
}

interface Columns {
  features: string[];
  label: string;
  labelAt: number;
}

function readHeader(names: string[], label: string | undefined): Columns {
  const labelAt = label === undefined ? names.length - 1 : names.indexOf(label);
  if (labelAt === -1) {
    throw new PermanentError("invalid_rows", `Given label ${label}; allowed: a column of ${names.join(", ")}`);
  }
  const features = names.filter((_, i) => i !== labelAt);
  if (features.length === 0)
    throw new PermanentError("invalid_rows", "The CSV needs a feature column beside the label");
  return { features, label: names[labelAt] ?? "", labelAt };
}

function readRow(record: string[], { features, label, labelAt }: Columns, problem: (what: string) => void): Row {
  const values = record.filter((_, i) => i !== labelAt);
  const bad = values.findIndex((value) => faultOf(value) !== undefined);
  if (bad !== -1) problem(`${features[bad]} is ${JSON.stringify(values[bad])}, ${faultOf(values[bad] ?? "")}`);
  const name = record[labelAt]?.trim() ?? "";
  if (name === "") problem(`${label} is empty`);
  return { x: values.map(Number), label: name };
}

/** Why a value is not a feature. */
function faultOf(value: string): string | undefined {
  const text = value.trim();
  if (!DECIMAL.test(text)) return "no number";
  if (Math.abs(Number(text)) > MAX_FEATURE) return `beyond ${MAX_FEATURE}`;
  return isExact(text) ? undefined : "which a double does not hold exactly";
}

function forEachRecord(bytes: Buffer, visit: (record: string[], line: number) => void): void {
  try {
    parse(bytes, {
      bom: true,
      skip_empty_lines: true,
      on_record: (record, { lines }) => {
        visit(record, lines);
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new PermanentError("malformed_csv", `Line ${error.lines} is not valid CSV (${error.code})`);
  }
}
