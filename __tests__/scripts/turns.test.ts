import { turns } from "../../scripts/turns";

const printed: string[] = [];

beforeAll(() => {
  jest.spyOn(console, "log").mockImplementation((text) => printed.push(text));
});

afterAll(() => jest.restoreAllMocks());

test("what runs at once is printed one after the other, the first of them at once", async () => {
  const next = turns();
  const [one, two, three] = [next(), next(), next()];
  await Promise.resolve();
  three.print("three");
  two.print("two");
  one.print("one");
  expect(printed).toEqual(["one"]);
  const ended = three.end();
  await one.end();
  await two.end();
  await ended;
  three.print("three again");
  expect(printed).toEqual(["one", "two", "three", "three again"]);
});
