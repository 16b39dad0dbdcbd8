import { parseFilter } from "@cdktf-serverless-ml/emulator";
import fc from "fast-check";
import { ValidationError } from "../../lib/core/validation";
import { Filter } from "../../lib/parts/filter";
import { thrownBy } from "./support";

type Attributes = Readonly<Record<string, string>>;

/** A filter, and what it means. Grammar: https://docs.cloud.google.com/pubsub/docs/subscription-message-filter */
interface Meant {
  readonly filter: () => Filter;
  readonly holds: (attributes: Attributes) => boolean;
}

const text = fc.string({
  unit: fc.constantFrom(
    ..."ab\"\\'-:.()=,",
    " ",
    "\n",
    "\t",
    "\b",
    "\0",
    "\u001f",
    "\u007f",
    "\u0085",
    "\u2028",
    "é",
    "😀",
    "${",
    "u0041",
  ),
  maxLength: 5,
});
const key = fc
  .oneof(fc.constantFrom("a", "-a", "a-b", "AND", "OR", "NOT", "hasPrefix", "attributes", "1"), text)
  .filter(Boolean);

const { tree } = fc.letrec<{ tree: Meant }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    key.map((k): Meant => ({ filter: () => Filter.has(k), holds: (attributes) => Object.hasOwn(attributes, k) })),
    fc.tuple(key, text).map(
      ([k, value]): Meant => ({
        filter: () => Filter.equals(k, value),
        holds: (attributes) => own(attributes, k) === value,
      }),
    ),
    fc.tuple(key, text).map(
      ([k, value]): Meant => ({
        filter: () => Filter.notEquals(k, value),
        holds: (attributes) => own(attributes, k) !== value,
      }),
    ),
    fc.tuple(key, text).map(
      ([k, value]): Meant => ({
        filter: () => Filter.hasPrefix(k, value),
        holds: (attributes) => own(attributes, k)?.startsWith(value) ?? false,
      }),
    ),
    tie("tree").map(({ filter, holds }): Meant => ({ filter: () => Filter.not(filter()), holds: (a) => !holds(a) })),
    fc.array(tie("tree"), { minLength: 1, maxLength: 3 }).map(
      (all): Meant => ({
        filter: () => Filter.and(...all.map((one) => one.filter())),
        holds: (a) => all.every((one) => one.holds(a)),
      }),
    ),
    fc.array(tie("tree"), { minLength: 1, maxLength: 3 }).map(
      (all): Meant => ({
        filter: () => Filter.or(...all.map((one) => one.filter())),
        holds: (a) => all.some((one) => one.holds(a)),
      }),
    ),
  ),
}));

function own(attributes: Attributes, k: string): string | undefined {
  return Object.hasOwn(attributes, k) ? attributes[k] : undefined;
}

/** Undefined where it is longer than Pub/Sub allows. */
function short(meant: Meant): Filter | undefined {
  try {
    return meant.filter();
  } catch (error) {
    if (error instanceof ValidationError && /allowed are up to 256/.test(error.message)) return undefined;
    throw error;
  }
}

describe("filters", () => {
  test("mean to the emulator what they were built to mean", () => {
    fc.assert(
      fc.property(
        tree,
        fc.array(fc.dictionary(key, text, { maxKeys: 3 }), { minLength: 1, maxLength: 4 }),
        (meant, messages) => {
          const filter = short(meant);
          if (!filter) return;
          // What is printed has no character that the grammar wants escaped.
          expect(filter.toString()).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
          const matches = parseFilter(filter.toString());
          for (const attributes of messages) expect(matches(attributes)).toBe(meant.holds(attributes));
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("a filter that is negated twice is the filter", () => {
    const filter = Filter.and(Filter.has("a"), Filter.not(Filter.has("b")));
    expect(Filter.not(Filter.not(filter)).toString()).toBe("attributes:a AND NOT attributes:b");
    expect(Filter.not(filter).toString()).toBe("NOT (attributes:a AND NOT attributes:b)");
  });

  test("what no UTF-8 can hold is refused", () => {
    expect(thrownBy(() => Filter.equals("a", "\ud83d"))).toBe(
      'InvalidFilter: a filter holds "\\ud83d", which has a lone surrogate',
    );
  });
});

describe("filters that others wrote", () => {
  test.each<[string, Attributes, boolean]>([
    ["-attributes:a", {}, true],
    ["- attributes:a", { a: "" }, false],
    ['-(attributes.a = "1" OR attributes:b)', { a: "2" }, true],
    ['attributes:a AND -attributes.b = "1"', { a: "", b: "2" }, true],
    ["NOT (NOT attributes:a)", { a: "" }, true],
    ["attributes:-a", { "-a": "" }, true],
    ['attributes.a-b = "c-d"', { "a-b": "c-d" }, true],
    ['attributes.a = "\\x41\\101\\u0041\\n\\t\\"\\\\"', { a: 'AAA\n\t"\\' }, true],
  ])("%s of %j is %s", (filter, attributes, expected) => {
    expect(parseFilter(filter)(attributes)).toBe(expected);
  });

  test.each([
    ["NOT NOT attributes:a", "found NOT at 4, expected attributes, hasPrefix, NOT or a bracket"],
    ["--attributes:a", "found - at 1"],
    ["not attributes:a", "found not at 0"],
    ['attributes.a = "\t"', "cannot read"],
    ['attributes.a = "\\q"', "holds \\q, which is not an escape"],
    ["attributes.a = -1", "found - at 15"],
  ])("%j is refused: %s", (filter, message) => {
    expect(() => parseFilter(filter)).toThrow(message);
  });
});
