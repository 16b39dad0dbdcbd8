import { CsvError, type Info, parse } from "csv-parse/sync";
import { PermanentError } from "../shared/errors";
import type { Row } from "../shared/learning/data";

export interface Table {
  features: string[];
  /** Raw features, not standardised. */
  rows: Row[];
}

/** How many bad rows an error lists. */
const MAX_LISTED = 20;

/**
 * Reads a CSV with a header, one label column and numeric features.
 *
 * @param label name of the label column. Default: the last column.
 * @throws PermanentError `malformed_csv` for what is no CSV; `invalid_rows` that lists line and reason of each bad row.
 */
export function readTable(bytes: Buffer, label?: string): Table {
  const [header, ...records] = parseRecords(bytes);
  if (!header || records.length === 0) throw new PermanentError("malformed_csv", "The CSV needs a header and rows");
  const columns = header.record;
  const labelAt = label === undefined ? columns.length - 1 : columns.indexOf(label);
  if (labelAt === -1) {
    throw new PermanentError("invalid_rows", `Given label ${label}; allowed: a column of ${columns.join(", ")}`);
  }
  const features = columns.filter((_, i) => i !== labelAt);
  if (features.length === 0)
    throw new PermanentError("invalid_rows", "The CSV needs a feature column beside the label");

  const problems: string[] = [];
  const rows = records.map(({ record, info }) => {
    const values = record.filter((_, i) => i !== labelAt);
    const x = values.map((value) => (value.trim() === "" ? Number.NaN : Number(value)));
    const bad = x.findIndex((value) => !Number.isFinite(value));
    if (bad !== -1) problems.push(`line ${info.lines}: ${features[bad]} is ${JSON.stringify(values[bad])}, no number`);
    const name = record[labelAt]?.trim() ?? "";
    if (name === "") problems.push(`line ${info.lines}: ${columns[labelAt]} is empty`);
    return { x, label: name };
  });
  if (problems.length > 0) {
    const message = `${problems.length} problems in the CSV: ${problems.slice(0, MAX_LISTED).join("; ")}`;
    throw new PermanentError("invalid_rows", message);
  }
  return { features, rows };
}

function parseRecords(bytes: Buffer): { record: string[]; info: Info }[] {
  try {
    const records: unknown = parse(bytes, { bom: true, info: true, skip_empty_lines: true });
    return records as { record: string[]; info: Info }[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new PermanentError("malformed_csv", `Line ${error.lines} is not valid CSV (${error.code})`);
  }
}
