import { parseFilter } from "../../src/pubsub/filter";

const messages: Record<string, Record<string, string>> = {
  com: { domain: "com" },
  org: { domain: "org", lang: "en" },
  none: {},
  odd: { "my key": 'a"b\n', "x-y_1": "v" },
};

function taken(filter: string): string[] {
  const takes = parseFilter(filter);
  return Object.keys(messages).filter((name) => takes(messages[name] ?? {}));
}

test.each<[string, string[]]>([
  ["attributes:domain", ["com", "org"]],
  ['attributes.domain = "com"', ["com"]],
  ['attributes.domain="com"', ["com"]],
  ['attributes.domain != "com"', ["org", "none", "odd"]],
  ['hasPrefix(attributes.domain, "co")', ["com"]],
  ['NOT hasPrefix(attributes.domain, "co")', ["org", "none", "odd"]],
  ["NOT attributes:domain", ["none", "odd"]],
  ['attributes:domain AND NOT attributes.domain = "com"', ["org"]],
  ['attributes.domain = "com" OR attributes.domain = "org" OR attributes:nothing', ["com", "org"]],
  ['(attributes.domain = "com" OR attributes.domain = "org") AND attributes:lang', ["org"]],
  ['NOT (attributes.domain = "com" OR attributes:lang)', ["none", "odd"]],
  ['attributes:"my key"', ["odd"]],
  ['attributes."my key" = "a\\"b\\n"', ["odd"]],
  ['attributes.x-y_1 = "\\u0076"', ["odd"]],
  ['attributes.x-y_1 = "\\x76" AND attributes.x-y_1 = "\\166"', ["odd"]],
  ["attributes:toString", []],
])("%s", (filter, expected) => {
  expect(taken(filter)).toEqual(expected);
});

test.each<[string, string]>([
  ["attributes.domain", "found the end, expected !="],
  ["attributes.domain = com", "found com at 20, expected a text in double quotes"],
  ["attributes.domain = 'com'", "cannot read 'com' at 19"],
  ['data = "x"', "found data at 0, expected attributes, hasPrefix, NOT or a bracket"],
  ['hasSuffix(attributes.a, "b")', "found hasSuffix at 0, expected attributes"],
  ["attributes:a and attributes:b", "found and at 13, expected AND, OR or the end"],
  ["attributes:a AND attributes:b OR attributes:c", "found OR at 30, expected AND, or brackets around either side"],
  ["attributes:a OR attributes:b AND attributes:c", "found AND at 29, expected OR, or brackets around either side"],
  ["(attributes:a", "found the end, expected )"],
  ["attributes:a)", "found ) at 12, expected AND, OR or the end"],
  ["attributes:a AND", "found the end, expected attributes"],
  ["attributes:é", "cannot read é at 11"],
  [`attributes:"${"x".repeat(250)}"`, "the filter has 263 bytes; allowed: 256"],
])("refuses %s", (filter, message) => {
  expect(() => parseFilter(filter)).toThrow(message);
});
