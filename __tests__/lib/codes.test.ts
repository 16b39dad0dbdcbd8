import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const source = readFileSync(join(__dirname, "../../lib/core/validation.ts"), "utf8");
const union = /export type ValidationCode =([^;]*);/.exec(source)?.[1] ?? "";
const codes = [...union.matchAll(/"(\w+)"/g)].map(([, code]) => String(code));
const tests = readdirSync(__dirname)
  .filter((name) => name.endsWith(".test.ts") && !__filename.endsWith(name))
  .map((name) => readFileSync(join(__dirname, name), "utf8"))
  .join("\n");
const lib = readdirSync(join(__dirname, "../../lib"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && !name.endsWith("validation.ts"))
  .map((name) => readFileSync(join(__dirname, "../../lib", name), "utf8"))
  .join("\n");

/** Codes that no construct reports: they are thrown where values are made, or by the settings. */
const WITHOUT_PATH = ["InvalidFilter", "InvalidSetting"];

test("the codes were found", () => {
  expect(codes.length).toBeGreaterThan(20);
});

test.each(codes)("some test asserts what %s says, and of which construct", (code) => {
  const path = WITHOUT_PATH.includes(code) ? "" : String.raw`\[[^\]\n]+\] `;
  expect({ code, tested: new RegExp(`${path}${code}: \\S`).test(tests) }).toEqual({ code, tested: true });
});

test.each(codes)("some place in lib says %s", (code) => {
  expect({ code, said: lib.includes(`"${code}"`) }).toEqual({ code, said: true });
});
