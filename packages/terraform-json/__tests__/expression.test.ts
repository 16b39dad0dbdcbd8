import { evaluate, references } from "../src/evaluate";
import { ExpressionError, parseTemplate } from "../src/expression";

const SCOPE: Record<string, Record<string, unknown>> = {
  a: { text: "x", list: [1, 2], map: { "k-1": "v" }, flag: true, url: "https://h.example" },
};

/** The value of a template; `a.…` are the references that it may use. */
function value(template: string): unknown {
  return evaluate(parseTemplate(template), (root, keys) =>
    keys.reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], SCOPE[root]),
  );
}

describe("templates", () => {
  test.each([
    ["plain", "plain"],
    ["", ""],
    ["${a.text}", "x"],
    ["${a.list}", [1, 2]],
    ["<${a.text}-${a.flag}>", "<x-true>"],
    ["$${args.bucket} %%{if}", "${args.bucket} %{if}"],
    ["cost: $5 and 10 % {}", "cost: $5 and 10 % {}"],
    ['${"a\\n\\"\\u00e9 $${x} ${a.text}"}', 'a\n"é ${x} x'],
    ["ünï ${a.text} 😀", "ünï x 😀"],
  ])("%s", (template, expected) => {
    expect(value(template)).toEqual(expected);
  });
});

describe("expressions", () => {
  test.each([
    ["1 + 2 * 3", 7],
    ["(1 + 2) * 3 - 7 % 4", 6],
    ["-2 + 5 / 2", 0.5],
    ["1 < 2 && !(2 <= 1) || false", true],
    ['a.text == "x" ? "yes" : "no"', "yes"],
    ['true ? "a" : file(0)', "a"],
    ["[1, 2,]", [1, 2]],
    ['{"a" = 1, b: [true, null], (a.text) = {}}', { a: 1, b: [true, null], x: {} }],
    ["{\n  a = 1\n  b = 2\n}", { a: 1, b: 2 }],
    ["a.list[1] + a.list.0", 3],
    ['a.map["k-1"]', "v"],
    ['replace(a.url, "https://", "")', "h.example"],
    ['replace("a.b.c", ".", "$&")', "a$&b$&c"],
    ['join("-", ["a", 1], ["b"])', "a-1-b"],
    ['format("%s/%d %% %q %v", "a", 2, "b", [1])', 'a/2 % "b" [1]'],
    ['trimprefix("abc", "a")', "bc"],
    ['trimsuffix("abc", "c")', "ab"],
    ['upper(lower("Ab"))', "AB"],
    ["concat([1], [2, 3])", [1, 2, 3]],
    ['jsondecode("{\\"a\\":[1]}").a[0]', 1],
    ['base64decode(base64encode("é"))', "é"],
    ["length(a.list)", 2],
  ])("%s", (expression, expected) => {
    expect(value(`\${${expression}}`)).toEqual(expected);
  });

  test("jsonencode sorts keys and escapes as Terraform does", () => {
    expect(value('${jsonencode({"b" = "<&>", "a" = {"d" = 1, "c" = null}})}')).toBe(
      '{"a":{"c":null,"d":1},"b":"\\u003c\\u0026\\u003e"}',
    );
  });

  test("nested base64encode and jsonencode, as our schedules have them", () => {
    const body = value('${base64encode(jsonencode({"task" = {"body" = base64encode(jsonencode({}))}}))}') as string;
    expect(JSON.parse(Buffer.from(body, "base64").toString())).toEqual({ task: { body: "e30=" } });
  });
});

describe("refusals", () => {
  test.each([
    ["${a.text", "the end at character 9, where } should be"],
    ["${}", '"}" at character 3 is not understood'],
    ['${"a}', "a string is not closed"],
    ["${a.list[*]}", "splats (*) are not understood"],
    ["${[for x in a.list : x]}", "for expressions are not understood"],
    ["%{ if true }a%{ endif }", "template directives (%{ … }) are not understood"],
    ["${~ a.text ~}", "strip markers (~) are not understood"],
    ['${file("x")}', "the function file is not understood"],
    ["${constructor(1)}", "the function constructor is not understood"],
    ["${join(a.list...)}", "argument expansion (...) is not understood"],
    ['${replace("a", "/a/", "")}', "replace with a regular expression is not understood"],
    ["${true ? 1 : file(0)}", "the other result of a conditional has no type: the function file is not understood"],
    ["x${a.list}", "a list where a string is needed"],
    ["${1 + true}", "a boolean where a number is needed"],
    ["${a.list[5 5]}", '"5]}" at character 12, where ] should be'],
    [`\${${"(".repeat(300)}`, "nested deeper than 200 levels"],
  ])("%s", (template, message) => {
    expect(() => value(template)).toThrow(new ExpressionError(message));
  });
});

test("references name every root with its constant keys", () => {
  const expression = parseTemplate('${a.b[0].c}-${f(x.y, {"k" = z.w["q"]})}${c.d[e.f]}');
  expect(references(expression)).toEqual([
    { root: "a", keys: ["b", 0, "c"] },
    { root: "x", keys: ["y"] },
    { root: "z", keys: ["w", "q"] },
    { root: "c", keys: ["d"] },
    { root: "e", keys: ["f"] },
  ]);
});
