import { selectFields } from "../../src/storage/fields";

const ANSWER = { kind: "k", items: [{ name: "a", size: "1", metadata: { x: "1", y: "2" } }, { name: "b" }] };

test.each([
  ["kind", { kind: "k" }],
  ["items/name", { items: [{ name: "a" }, { name: "b" }] }],
  ["kind,items(name,metadata/x)", { kind: "k", items: [{ name: "a", metadata: { x: "1" } }, { name: "b" }] }],
  ["*", ANSWER],
  ["items/*/y", { items: [{ name: "a", size: "1", metadata: { y: "2" } }, { name: "b" }] }],
  ["missing", {}],
])("fields=%s", (fields, expected) => {
  expect(selectFields(fields, ANSWER)).toEqual(expected);
});

test.each(["", "a,", "a/", "a(b", "a)b", "(a)"])("fields=%s is refused", (fields) => {
  expect(() => selectFields(fields, ANSWER)).toThrow(`Invalid field selection ${fields}`);
});
