import * as fc from "fast-check";
import { NUMBERS, PROTOTYPE_NAMES, TEXTS } from "./hostile-values";
import type { Edit, Tree } from "./json-tree";

/** Mostly the default; one in `n` times the other. */
export function oneIn<T, D>(n: number, other: fc.Arbitrary<T>, usually: D): fc.Arbitrary<T | D> {
  return fc.oneof({ weight: n - 1, arbitrary: fc.constant(usually) }, { weight: 1, arbitrary: other });
}

export const nastyText = fc.oneof(
  fc.constantFrom(...TEXTS, ...PROTOTYPE_NAMES),
  fc.string({ unit: "binary" }),
  fc.integer({ min: 500, max: 3000 }).map((length) => "é".repeat(length)),
);

const nastyNumber = fc.oneof(
  fc.constantFrom(...NUMBERS),
  fc.double().map((number) => JSON.stringify(number)),
);

const knownKeys = [
  ...[
    "input",
    "output",
    "batchSize",
    "generation",
    "start",
    "end",
    "columns",
    "run",
    "step",
    "parameters",
    "scheduleTime",
  ],
  ...[
    "instances",
    "bucket",
    "name",
    "size",
    "contentType",
    "message",
    "subscription",
    "data",
    "attributes",
    "messageId",
  ],
];
const nastyKey = fc.oneof(fc.constantFrom(...knownKeys), fc.constantFrom(...PROTOTYPE_NAMES), nastyText);

const scalar: fc.Arbitrary<Tree> = fc.oneof(
  nastyText.map((text) => JSON.stringify(text)),
  nastyNumber,
  fc.constantFrom("null", "true", "false", "{}", "[]"),
);

/** Any JSON, up to a few levels deep. */
export const anyJson: fc.Arbitrary<Tree> = fc.letrec<{ value: Tree }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }).map((items) => ({ items })),
    fc.array(fc.tuple(nastyKey, tie("value")), { maxLength: 6 }).map((fields) => ({ fields })),
  ),
})).value;

const deep = fc
  .tuple(fc.integer({ min: 1, max: 3000 }), fc.constantFrom<[string, string]>(["[", "]"], ['{"x":', "}"]))
  .map(([levels, [open, close]]) => open.repeat(levels) + (open === "[" ? "" : "0") + close.repeat(levels));

const value: fc.Arbitrary<Tree> = fc.oneof(
  { weight: 8, arbitrary: scalar },
  { weight: 2, arbitrary: anyJson },
  { weight: 1, arbitrary: deep },
);
const at = fc.nat(60);

/** A change of valid JSON. */
export const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ at, op: fc.constant("alike" as const), pick: fc.nat(60) }) },
  {
    weight: 4,
    arbitrary: fc.record({ at, op: fc.constantFrom("replace" as const, "append" as const, "again" as const), value }),
  },
  { weight: 2, arbitrary: fc.record({ at, op: fc.constant("insert" as const), text: nastyText, offset: fc.nat(80) }) },
  {
    weight: 2,
    arbitrary: fc.record({ at, op: fc.constantFrom("remove" as const, "wrap" as const, "quote" as const) }),
  },
  { weight: 1, arbitrary: fc.record({ at, op: fc.constant("rename" as const), key: nastyKey }) },
  {
    weight: 1,
    arbitrary: fc.record({ at, op: fc.constant("repeat" as const), times: fc.constantFrom(0, 101, 1001, 10_001) }),
  },
);

/** A change of a body's bytes. */
export type ByteEdit = { op: "cut" | "flip"; at: number } | { op: "insert"; at: number; bytes: string };

export const byteEdit: fc.Arbitrary<ByteEdit> = fc.oneof(
  fc.record({ op: fc.constantFrom("cut" as const, "flip" as const), at: fc.nat(400) }),
  fc.record({
    op: fc.constant("insert" as const),
    at: fc.oneof(fc.constant(0), fc.nat(400)),
    // As Latin-1, so that any byte can be written down.
    bytes: fc.constantFrom(
      "\u00EF\u00BB\u00BF",
      "\u0000",
      "\u00FF",
      "\u00ED\u00A0\u0080",
      "{",
      "}",
      ",",
      "//",
      '"',
      "\\",
    ),
  }),
);

export function editBytes(bytes: Buffer, edits: readonly ByteEdit[]): Buffer {
  return edits.reduce((current, change) => {
    const position = change.at % (current.length + 1);
    if (change.op === "cut") return current.subarray(0, position);
    const rest = current.subarray(position);
    if (change.op === "insert")
      return Buffer.concat([current.subarray(0, position), Buffer.from(change.bytes, "latin1"), rest]);
    return Buffer.concat([current.subarray(0, position), Buffer.from([(rest[0] ?? 0) ^ 0x20]), rest.subarray(1)]);
  }, bytes);
}
