import * as v from "valibot";
import { PermanentError } from "../shared/errors";
import { check, parseJson } from "../shared/json";
import type { Row } from "../shared/learning/data";
import { requireUtf8 } from "../shared/utf8";
import { MAX_FEATURE, MAX_ROWS, Problems, type Table } from "./table";

const LF = 0x0a;

const feature = v.pipe(
  v.number(),
  v.minValue(-MAX_FEATURE, `numbers up to ${MAX_FEATURE} from zero`),
  v.maxValue(MAX_FEATURE, `numbers up to ${MAX_FEATURE} from zero`),
);
const rowSchema = v.object({
  x: v.pipe(v.array(feature), v.minLength(1, "at least one number")),
  label: v.pipe(v.string(), v.minLength(1, "a text that is not empty")),
});

/**
 * Reads JSON Lines of `{ "x": [<number>, …], "label": "<class>" }`, as pipelines/flowers.yaml writes
 * them. The features are called `x1`, `x2`, ….
 *
 * @param maxRows most rows. Default 500000.
 * @throws PermanentError `wrong_encoding`; `invalid_rows` that lists line and reason of each bad row,
 *   or without rows; `too_many_rows`.
 */
export function readJsonLines(bytes: Buffer, maxRows = MAX_ROWS): Table {
  requireUtf8(bytes, "The input");
  const rows: Row[] = [];
  const problems = new Problems("the input");
  let number = 0;
  for (const line of linesOf(bytes)) {
    number++;
    if (line.toString().trim() === "") continue;
    try {
      const row = check(rowSchema, parseJson(line, "it"), "it");
      const { length } = rows[0]?.x ?? row.x;
      if (row.x.length !== length) problems.add(`line ${number}: ${row.x.length} numbers, those before have ${length}`);
      if (rows.push(row) > maxRows) {
        throw new PermanentError("too_many_rows", `The input holds more than the ${maxRows} rows that are allowed`);
      }
    } catch (error) {
      if (!(error instanceof PermanentError) || error.code === "too_many_rows") throw error;
      problems.add(`line ${number}: ${error.message}`);
    }
  }
  problems.throwIfAny();
  const [first] = rows;
  if (!first) throw new PermanentError("invalid_rows", "The input needs rows");
  return { features: first.x.map((_, index) => `x${index + 1}`), rows };
}

function* linesOf(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(LF, start);
    const end = found < 0 ? bytes.length : found;
    yield bytes.subarray(start, end);
    start = end + 1;
  }
}
