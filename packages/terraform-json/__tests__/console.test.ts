import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { onlyIf } from "../../../__tests__/support/only-if";
import { evaluate } from "../src/evaluate";
import { ExpressionError, parseTemplate } from "../src/expression";
import { askTerraform, EXPRESSIONS, hasTerraform, REFUSED } from "./console";

/**
 * What `terraform console` of Terraform 1.11.4 answers, as JSON. To record it again: RECORD=1 npx
 * jest console, with terraform on the PATH.
 */
const FILE = join(__dirname, "fixtures", "console.json");
if (process.env.RECORD && hasTerraform()) {
  const answers = askTerraform(EXPRESSIONS) ?? [];
  writeFileSync(
    FILE,
    `${JSON.stringify(Object.fromEntries(EXPRESSIONS.map((each, at) => [each, answers[at]])), null, 2)}\n`,
  );
}
const recorded: Record<string, string> = JSON.parse(readFileSync(FILE, "utf8"));

function ours(expression: string): unknown {
  return evaluate(parseTemplate(`\${jsonencode(${expression})}`), () => {
    throw new Error("there are no references");
  });
}

describe("expressions have the value that Terraform gives them", () => {
  test("there is a recorded answer to each", () => expect(Object.keys(recorded)).toEqual(EXPRESSIONS));

  test.each(EXPRESSIONS)("%s", (expression) => expect(ours(expression)).toBe(recorded[expression]));

  test.each(REFUSED)("%s is refused", (expression) => {
    expect(() => ours(expression)).toThrow(ExpressionError);
  });
});

onlyIf(hasTerraform(), "there is no terraform on the PATH", () => {
  test("answers what is recorded, and refuses what is refused", () => {
    expect(askTerraform(EXPRESSIONS)).toEqual(EXPRESSIONS.map((each) => recorded[each]));
    expect(REFUSED.filter((each) => askTerraform([each]) !== undefined)).toEqual([]);
  }, 120_000);

  test("agrees on any expression", () => {
    const number = fc.oneof(
      fc.integer({ min: -1000, max: 1000 }).map(String),
      fc.tuple(fc.integer({ min: -99, max: 99 }), fc.nat(9999)).map(([whole, part]) => `${whole}.${part}`),
      fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(String),
      fc
        .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: -30, max: 30 }))
        .map(([digit, power]) => `${digit}e${power}`),
    );
    const letter = fc.constantFrom("a", "Z", "é", "e\u0301", "ß", "😀", "👨‍👩‍👧", "1", "-", " ");
    const text = fc.array(letter, { maxLength: 5 }).map((letters) => JSON.stringify(letters.join("")));
    const flag = fc.constantFrom("true", "false");
    const { numeric } = fc.letrec<{ numeric: string; any: string }>((tie) => ({
      any: fc.oneof(number, text, flag),
      numeric: fc.oneof(
        { maxDepth: 4 },
        number,
        fc
          .tuple(tie("numeric"), fc.constantFrom("+", "-", "*"), tie("numeric"))
          .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
        fc.tuple(tie("numeric"), fc.integer({ min: 1, max: 97 })).map(([a, b]) => `(${a} / ${b})`),
        fc.tuple(tie("numeric"), fc.integer({ min: 1, max: 97 })).map(([a, b]) => `(${a} % ${b})`),
      ),
    }));
    const scalar = fc.oneof(number, text, flag);
    const items = fc.array(scalar, { maxLength: 4 });
    const list = fc.oneof(
      items.map((each) => `[${each.join(", ")}]`),
      fc.array(number, { maxLength: 4 }).map((each) => `tolist([${each.join(", ")}])`),
      fc.array(text, { maxLength: 4 }).map((each) => `toset([${each.join(", ")}])`),
    );
    const expression = fc.oneof(
      numeric,
      numeric.map((each) => `"<\${${each}}>"`),
      fc.tuple(numeric, fc.constantFrom("<", ">=", "==", "!="), numeric).map((parts) => parts.join(" ")),
      fc.tuple(flag, fc.oneof(text, number), fc.oneof(text, number)).map(([test, a, b]) => `${test} ? ${a} : ${b}`),
      fc.tuple(scalar, scalar).map(([a, b]) => `${a} == ${b}`),
      fc.tuple(list, list).map(([a, b]) => `${a} == ${b}`),
      fc.tuple(text, text).map(([a, b]) => `split(${a}, ${b})`),
      fc.tuple(text, text, text).map((parts) => `replace(${parts.join(", ")})`),
      text.map((each) => `length(${each})`),
      text.map((each) => `upper(lower(${each}))`),
      list,
      list.map((each) => `length(${each})`),
      fc
        .array(fc.oneof(number, text), { minLength: 1, maxLength: 4 })
        .map((each) => `join("|", toset([${each.join(", ")}]))`),
    );
    const many = fc.sample(expression, { numRuns: 300, seed: 10 });
    const answers = askTerraform(many);
    expect(answers?.length).toBe(many.length);
    const other = many.flatMap((each, at) => (ours(each) === answers?.[at] ? [] : [[each, answers?.[at], ours(each)]]));
    expect(other).toEqual([]);
  }, 120_000);
});
