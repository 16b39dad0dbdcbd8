import fc from "fast-check";
import { evaluate, finish } from "../../src/workflows/expression/evaluate";
import { parseExpression } from "../../src/workflows/expression/parse";
import { SyntaxProblem } from "../../src/workflows/expression/tokens";

const NOWHERE = {
  variable: () => {
    throw new Error("no variables here");
  },
  call: () => {
    throw new Error("no functions here");
  },
};

/** Sums and products as text, with parentheses where there may be some. */
const arithmetic = fc.letrec((tie) => ({
  expression: fc.oneof({ maxDepth: 5, depthSize: "small" }, tie("number"), tie("operation"), tie("parentheses")),
  number: fc.integer({ min: 0, max: 9 }).map(String),
  parentheses: tie("expression").map((inner) => `(${inner})`),
  operation: fc
    .tuple(tie("expression"), fc.constantFrom("+", "-", "*"), tie("expression"))
    .map(([left, operator, right]) => `${left} ${operator} ${right}`),
})).expression;

test("arithmetic is that of JavaScript's integers", async () => {
  await fc.assert(
    fc.asyncProperty(
      arithmetic.filter((text) => String(text).length <= 100),
      async (text) => {
        const expected = new Function(`return ${String(text).replace(/\d+/g, "$&n")}`)();
        expect(await finish(evaluate(parseExpression(String(text)), NOWHERE))).toBe(expected);
      },
    ),
    { numRuns: 300 },
  );
});

test("whatever is written is an expression or a SyntaxProblem", () => {
  const piece = fc.constantFrom(
    "a",
    ".",
    "[",
    "]",
    "(",
    ")",
    ",",
    "not ",
    " in ",
    "and",
    "-",
    "+",
    "//",
    "1",
    "1.5",
    '"s"',
    '"',
    "\\",
    "==",
    "<",
    " ",
    "ä",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "grapheme" }),
        fc.array(piece).map((pieces) => pieces.join("")),
      ),
      (text) => {
        try {
          parseExpression(text);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxProblem);
        }
      },
    ),
    { numRuns: 1000 },
  );
});
