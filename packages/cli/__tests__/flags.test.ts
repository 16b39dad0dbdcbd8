import { FlagError, readFlags, takeNoArguments } from "../src";

const FLAGS = {
  input: { type: "string" },
  keep: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

test("flags and other arguments in any order; what was not given is missing", () => {
  expect(readFlags(["a", "--input=-x", "b", "-h", "--", "--keep"], FLAGS)).toEqual({
    values: { input: "-x", help: true },
    positionals: ["a", "b", "--keep"],
  });
  expect(readFlags([], FLAGS)).toEqual({ values: {}, positionals: [] });
});

test("a flag that may be repeated gives all its values", () => {
  const flags = { ...FLAGS, run: { type: "string", multiple: true } } as const;
  expect(readFlags(["--run", "a=b c", "--run=d=e"], flags).values).toEqual({ run: ["a=b c", "d=e"] });
  expect(readFlags([], flags).values.run).toBeUndefined();
  expect(() => readFlags(["--run"], flags)).toThrow(FlagError);
});

test.each([
  [["--frob"], "Given --frob; allowed: --input, --keep, --help"],
  [["--frob=1"], "Given --frob; allowed: --input, --keep, --help"],
  [["-x"], "Given -x; allowed: --input, --keep, --help"],
  [["--constructor"], "Given --constructor; allowed: --input, --keep, --help"],
  [["--input"], "Given --input without a value; allowed: --input <value>, or --input=<value>"],
  [["--input", "--keep"], "Given --input without a value; allowed: --input <value>, or --input=<value>"],
  [["--keep=yes"], "Given --keep=yes; allowed: --keep, without a value"],
  [["--input", "a", "--input", "b"], "Given --input twice; allowed: once"],
])("a command line that cannot be is told in words of ours: %j", (args, message) => {
  expect(() => readFlags(args, FLAGS)).toThrow(new FlagError(message));
});

test("a command without flags says so", () => {
  expect(() => readFlags(["--frob"], {})).toThrow(new FlagError("Given --frob; allowed: no flags"));
  expect(() => takeNoArguments(["--frob", "x"])).toThrow(new FlagError("Given --frob x; allowed: no arguments"));
  expect(() => takeNoArguments([])).not.toThrow();
});
