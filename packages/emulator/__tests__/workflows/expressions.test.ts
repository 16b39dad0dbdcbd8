import { evaluated } from "./run";

const argument = { n: 7, d: 1.5, s: "text", l: [1, "two", [3]], m: { k: { deep: null } }, t: true };

describe("expressions", () => {
  test.each([
    ["1 + 2 * 3", 7],
    ["(1 + 2) * 3", 9],
    ["-2 + 5", 3],
    ["- (2 + 5)", -7],
    ["10 - 2 - 3", 5],
    ["get_type(4 / 2)", "double"],
    ["7 // 2", 3],
    ["-7 // 2", -4],
    ["-7 % 3", 2],
    ["7 % -3", -2],
    ["get_type(7 // 2)", "integer"],
    ["7.5 // 2", 3],
    ["1 == 1.0", true],
    ['"a" + "b"', "ab"],
    ['"b" > "a"', true],
    ["2 <= 2", true],
    ['1 == "1"', false],
    ["null == a.m.k.deep", true],
    ["a.n != 7", false],
    ["not a.t or true", true],
    ["NOT (a.t AND false)", true],
    // Order of operations: docs/reference/syntax/datatypes.
    ["not (1 == 2)", true],
    ["not a.t == false", true],
    ["not a.t in [true]", false],
    ["not a.t in [true, false]", true],
    ["not not a.t", true],
    ["-2 * -3 + 1 < 8 and not false", true],
    ["1 + 2 in [3]", true],
    // Implicit data type conversions: docs/reference/syntax/datatypes.
    ['"a" + 1', "a1"],
    ['1.5 + "a"', "1.5a"],
    ['true + "a"', "truea"],
    // Order of code points: U+FF5E comes before U+1F600, the other way round in UTF-16.
    ['"\uff5e" < "\ud83d\ude00"', true],
    ["9007199254740993 == 9007199254740992", false],
    ["9007199254740993 > 9007199254740992.0", true],
    ["9007199254740993 == 9007199254740992.0", false],
    ["false and a.missing", false],
    ["true or a.missing", true],
    ['"two" in a.l', true],
    ['not ("x" in a.m)', true],
    ['"k" in a.m', true],
    ["[3] in a.l", true],
    ["a.l[2][0] + 1", 4],
    ['a["m"]["k"].deep', null],
    ["[1, a.n, []]", [1, 7, []]],
    ['"\\u00e4\\n\\""', 'ä\n"'],
    ["string(9223372036854775807 - 1)", "9223372036854775806"],
  ])("%s is %j", async (expression, value) => {
    expect(await evaluated(expression, argument)).toEqual(value);
  });

  test.each([
    ['"a" + null', "TypeError", "unsupported operand types for +: string and null"],
    ["true + 1", "TypeError", "unsupported operand types for +: boolean and integer"],
    ["not 1 == 2", "TypeError", "not needs a boolean, not integer"],
    ["1 < null", "TypeError", "unsupported operand types for <: integer and null"],
    ["not 1", "TypeError", "not needs a boolean, not integer"],
    ["1 and true", "TypeError", "and needs a boolean, not integer"],
    ['"a" in "abc"', "TypeError", "in needs a list or a map on its right, not string"],
    ["a.none", "KeyError", "key not found: none"],
    ["b", "KeyError", "variable not found: b"],
    ["a.l[3]", "IndexError", "index out of range: 3 of 3"],
    ["a.l[-1]", "IndexError", "index out of range: -1 of 3"],
    ["a.n.x", "TypeError", "integer has no parts"],
    ["1 / 0", "ZeroDivisionError", "division by zero"],
    ["1 % 0.0", "ZeroDivisionError", "division by zero"],
    ["9223372036854775807 + 1", "ValueError", "9223372036854775808 does not fit into 64 bits"],
    ["-(-9223372036854775807 - 1)", "ValueError", "9223372036854775808 does not fit into 64 bits"],
    ["math.abs(-9223372036854775807 - 1)", "ValueError", "9223372036854775808 does not fit into 64 bits"],
  ])("%s raises %s", async (expression, tag, message) => {
    expect(await evaluated(expression, argument)).toEqual({ raised: { tags: [tag], message } });
  });
});

describe("standard library", () => {
  test.each([
    ["default(null, 1)", 1],
    ["default(2, 1)", 2],
    ['if(a.t, "yes", "no")', "yes"],
    ["keys(a.m)", ["k"]],
    ["len(a.l)", 3],
    ['len("äö")', 2],
    ['int("42") + int(2.9)', 44],
    ["int(-2.9)", -2],
    ['double("1.5")', 1.5],
    ["string(12) + string(true) + string(1.5)", "12true1.5"],
    ["if(null, 1, 2)", 2],
    ["get_type(a.l)", "list"],
    ['get_type(text.encode("x"))', "bytes"],
    ['json.decode("{\\"x\\": [1, 2.5]}").x[1]', 2.5],
    ["json.encode_to_string(a.m)", '{"k":{"deep":null}}'],
    ["text.decode(json.encode(a.l))", '[1,"two",[3]]'],
    ['base64.encode(text.encode("hi"))', "aGk="],
    ['text.decode(base64.decode("aGk="))', "hi"],
    ['list.concat(a.l, "x")', [1, "two", [3], "x"]],
    ["list.prepend([2], 1)", [1, 2]],
    ['map.get(a, ["m", "k"])', { deep: null }],
    ['map.get(a, ["m", "none", "x"])', null],
    ['map.get("no map", "code")', null],
    ['map.get(a, ["s", "code"])', null],
    ['json.decode("[9007199254740993, -9223372036854775808]")[0] - 1', 9007199254740992],
    ['string(json.decode("9007199254740993"))', "9007199254740993"],
    ['get_type(json.decode("2.0"))', "double"],
    ['get_type(json.decode("1e22"))', "double"],
    ["math.floor(9007199254740993) - 9007199254740992", 1],
    ['map.delete(a.m, "k")', {}],
    ['map.merge_nested(a.m, json.decode("{\\"k\\":{\\"x\\":1}}"))', { k: { deep: null, x: 1 } }],
    ["math.min(3, 2.5)", 2.5],
    ["math.max(3, 2)", 3],
    ["math.floor(-1.5)", -2],
    ["math.abs(-3)", 3],
    ['time.parse("2026-01-01T00:00:00Z")', 1767225600],
    ["time.format(1767225600)", "2026-01-01T00:00:00.000Z"],
    ["sys.now()", 1767225600],
    ['text.url_encode("a/b c!")', "a%2Fb%20c%21"],
    ['text.url_encode_plus("a b")', "a+b"],
    ['text.url_decode("a%2Fb")', "a/b"],
    ['text.split("a,b", ",")', ["a", "b"]],
    ['text.substring("hello", 1, 3)', "el"],
    ['text.replace_all("a.b.c", ".", "$&")', "a$&b$&c"],
    [
      'text.find_all("abab", "b")',
      [
        { index: 1, match: "b" },
        { index: 3, match: "b" },
      ],
    ],
    ['text.to_upper("ä")', "Ä"],
    // RFC 1321 A.5.
    ['base64.encode(hash.compute_checksum("abc", "MD5"))', "kAFQmDzST7DWlj99KOF/cg=="],
    ["len(uuid.generate())", 36],
  ])("%s is %j", async (expression, value) => {
    expect(await evaluated(expression, argument)).toEqual(value);
  });

  test.each([
    ['int("4x")', "ValueError", 'invalid integer: "4x"'],
    ["int(null)", "TypeError", "int: argument value must be number or string, not null"],
    ["string(null)", "TypeError", "string: argument value must be number, boolean or string, not null"],
    ["len(1)", "TypeError", "len: argument value must be string, bytes, list or map, not integer"],
    ["map.get(a, 1)", "TypeError", "map.get: argument keys must be string or list of strings, not integer"],
    ["math.floor(1e400)", "ValueError", "Infinity has no integer"],
    ['sys.get_env("NONE")', "KeyError", "environment variable not found: NONE"],
    ['text.substring("abc", 2, 9)', "IndexError", "substring 2 to 9 of 3 characters"],
    ['base64.decode("?")', "ValueError", "invalid base64"],
    ['time.parse("today")', "ValueError", 'invalid time: "today"'],
    ['text.encode("a", "latin1")', "ValueError", "charset latin1 is not simulated; UTF-8 is"],
  ])("%s raises %s", async (expression, tag, message) => {
    expect(await evaluated(expression, argument)).toEqual({ raised: { tags: [tag], message } });
  });

  test.each([
    ["{", /^invalid JSON: /],
    // Neither of the two types of number: docs/reference/syntax/datatypes.
    ["[18446744073709551616]", /^invalid JSON: the number 18446744073709551616 is no integer of 64 bits$/],
    ["[-1e400]", /^invalid JSON: the number -1e400 is no double$/],
  ])("json.decode of %s raises ValueError", async (text, message) => {
    const { raised } = (await evaluated(`json.decode("${text}")`)) as { raised: { tags: string[]; message: string } };
    expect(raised.tags).toEqual(["ValueError"]);
    expect(raised.message).toMatch(message);
  });
});

/**
 * A call of a function with texts as they are, whatever escapes they would need in an expression.
 */
async function called(name: string, ...texts: string[]): Promise<unknown> {
  return evaluated(`${name}(${texts.map((_, at) => `a[${at}]`).join(", ")})`, texts);
}

// https://github.com/google/re2/wiki/Syntax
describe("regular expressions are RE2's", () => {
  test.each([
    // Of matches that begin at the same place the longest:
    // docs/reference/stdlib/text/find_all_regex.
    ["fooa", "foo|fooa", ["fooa"]],
    ["aA", "(?i)a", ["a", "A"]],
    ["a12b3", "[[:digit:]]+", ["12", "3"]],
    ["12\n", "\\A\\d+\\z", []],
    ["12", "\\A\\d+\\z", ["12"]],
    ["na", "(?P<name>n)", ["n"]],
    ["a-b", "a\\-b", ["a-b"]],
    // Classes are ASCII: neither a byte order mark nor another script's digits are in them.
    ["\ufeff \u2003", "\\s", [" "]],
    ["é1٣", "\\w", ["1"]],
    ["é1٣", "\\pN", ["1", "٣"]],
    ["baac", "a*", ["", "aa", ""]],
    ["a\nb", "(?s)a.b", ["a\nb"]],
    ["aXbXc", "\\QX\\E", ["X", "X"]],
    ["abb", "ab*?", ["abb"]],
  ])("of %j, %s finds %j", async (text, expression, found) => {
    const matches = (await called("text.find_all_regex", text, expression)) as { match: string }[];
    expect(matches.map(({ match }) => match)).toEqual(found);
    expect(await called("text.match_regex", text, expression)).toBe(found.length > 0);
  });

  test.each([
    ["one two", "one|two", "three", "three three"],
    // Groups cannot be referred to: docs/reference/stdlib/text/replace_all_regex.
    ["x1", "([a-z])(\\d)", "\\2\\1$1$&", "\\2\\1$1$&"],
    ["baac", "a*", "x", "xbxcx"],
    ["a😀b", "", "-", "-a-😀-b-"],
  ])("in %j, %s is replaced by %s", async (text, expression, replacement, result) => {
    expect(await called("text.replace_all_regex", text, expression, replacement)).toBe(result);
  });

  test.each([
    ["(?=a)", "invalid or unsupported Perl syntax: `(?=`"],
    ["(a)\\1", "invalid escape sequence: `\\1`"],
    ["a{1001}", "invalid repeat count: `{1001}`"],
    ["(", "missing closing ): `(`"],
  ])("%s is refused", async (expression, reason) => {
    expect(await called("text.match_regex", "a", expression)).toEqual({
      raised: {
        tags: ["ValueError"],
        message: `invalid regular expression ${JSON.stringify(expression)}: error parsing regexp: ${reason}`,
      },
    });
  });
});

describe("texts are counted in code points", () => {
  test.each([
    ["text.find_all", ["😀b", "b"], [{ index: 1, match: "b" }]],
    ["text.find_all_regex", ["😀b", "b"], [{ index: 1, match: "b" }]],
    [
      "text.find_all",
      ["😀", ""],
      [
        { index: 0, match: "" },
        { index: 1, match: "" },
      ],
    ],
    ["text.replace_all", ["😀b", "", "-"], "-😀-b-"],
    ["text.split", ["😀b", ""], ["😀", "b"]],
    ["len", ["😀b"], 2],
  ])("%s of %j", async (name, texts, result) => {
    expect(await called(name, ...texts)).toEqual(result);
  });
});
