import { counted } from "../src";

test.each([
  [0, "0 reasons"],
  [1, "1 reason"],
  [2, "2 reasons"],
])("%i: the noun goes with the number", (count, text) => {
  expect(counted(count, "reason")).toBe(text);
});

test("a noun whose plural is not its own with an s", () => {
  expect([counted(1, "delivery", "deliveries"), counted(2, "delivery", "deliveries")]).toEqual([
    "1 delivery",
    "2 deliveries",
  ]);
});
