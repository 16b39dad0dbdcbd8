import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Expressions of whatever Terraform converts, orders, rounds or normalizes on its own. */
export const EXPRESSIONS: readonly string[] = [
  // Sets have an order of their own, and each item once.
  'toset(["b", "a", "b"])',
  'join(",", toset(["b", "a", "é", "Z", "10", "9"]))',
  "toset([10, 9, 9.0, 1e1])",
  'toset([1, "a", true])',
  "toset([true, false])",
  'length(toset(["a", "a"]))',
  // Conditionals, lists and maps unify the types of their parts.
  'true ? 1 : "a"',
  'false ? "a" : true',
  "true ? null : 1",
  'true ? [1] : ["a", 2]',
  'true ? ["a", 1] : [2, "b"]',
  'true ? {a = 1} : {b = "x"}',
  'true ? {a = 1, b = true} : {a = "x", b = false}',
  'tolist(["a", 1, true])',
  'tomap({a = 1, b = "x"})',
  "tomap({b = true, a = false})",
  'concat(tolist(["a"]), tolist([1]))',
  'concat([1], ["a", true])',
  "concat([], [null])",
  'merge({a = 1, b = 2}, null, {a = "x"})',
  'merge(tomap({a = 1}), tomap({b = "x"}))',
  // Numbers are decimals to the reader, with 512 bits.
  "0.1 + 0.2",
  "0.1 + 0.2 == 0.3",
  "1 / 3",
  "2 / 3 * 3",
  "9007199254740993",
  "9007199254740993 + 1",
  "12345678901234567890123456789 * 98765432109876543210",
  "1e30",
  "1e-7",
  "1.50",
  "-7 % 3",
  "7 % -3",
  "7.5 % 2",
  "5 % 0",
  "100000000000000000000 > 99999999999999999999",
  '"${1e21}-${0.000001}"',
  '"5" + 1',
  'tonumber("1e3")',
  'tonumber("0.10")',
  "tostring(1.0)",
  "tostring(null)",
  "-(-3)",
  // Equality never converts.
  '1 == "1"',
  "1 == 1.0",
  '[1] == ["1"]',
  "[1, 2] == [1, 2]",
  "tolist([1]) == [1]",
  'toset(["a", "b"]) == toset(["b", "a"])',
  "{a = 1} == {a = 1}",
  "tomap({a = 1}) == {a = 1}",
  "null == null",
  '"a" == null',
  'true == "true"',
  // Strings are normalized, and characters are what readers see.
  'length("e\\u0301")',
  '"e\\u0301" == "\\u00e9"',
  'length("👨‍👩‍👧‍👦")',
  'length("🇩🇪x")',
  'length("")',
  'jsonencode("e\\u0301")',
  'base64decode("ZcyB") == "\\u00e9"',
  'upper("straße ŉ é")',
  'lower("ΑΣ İ É")',
  'trimspace("\\u0085\\u3000 a\\u00a0\\n")',
  'trimspace("\\ufeffa")',
  'split("", "aé😀")',
  'split(",", "a,,b")',
  'replace("ab", "", "-")',
  'join("-", ["a", 1], [true])',
  'trimsuffix("abc", "")',
  'trimprefix("abc", "b")',
  // JSON and formats.
  'jsonencode({b = [1, 0.1, null, true], a = "<&>\\u2028\\u007f\\u0008\\u000c\\u001f"})',
  'jsondecode("[1.0, 12345678901234567890, 1e2, {\\"b\\": null}]")',
  'jsonencode(jsondecode("{\\"z\\":0.1,\\"a\\":12345678901234567890}"))',
  'format("%d %s %v %t %q %%", 10, 1.5, [1, "a"], true, "a\\"é")',
  'format("%d", 12345678901234567890)',
  'format("%v %v", 1.50, {a = 1})',
  'format("%s", "e\\u0301")',
  // Indices and booleans convert.
  '["a", "b"]["1"]',
  "{a = 1}.a",
  '{"1" = "x"}[1]',
  'true && "true"',
  '!"false"',
  '"true" ? 1 : 2',
  "1 < 2 == true",
];

/** What Terraform refuses. */
export const REFUSED: readonly string[] = [
  "true ? 1 : [1]",
  "true ? [1] : [true, 2]",
  "true ? {a = 1} : {b = [1]}",
  "1 / 0",
  '1 + "a"',
  "[1][1]",
  "[1][-1]",
  'toset(["a"])[0]',
  "concat(toset([1]), [2])",
  'format("%d", 1.5)',
  'format("%d", 1, 2)',
  'base64decode("/w==")',
  'tonumber("0x10")',
  'tobool("yes")',
  '"x${[1]}"',
  "length(5)",
  'join(",", [null])',
];

export function hasTerraform(): boolean {
  return spawnSync("terraform", ["version"]).status === 0;
}

/** What `terraform console` says, as JSON; nothing where it refuses. */
export function askTerraform(expressions: readonly string[]): string[] | undefined {
  const folder = mkdtempSync(join(tmpdir(), "console-"));
  const { TF_CLI_CONFIG_FILE: _, ...env } = process.env;
  try {
    // Base64 holds nothing that the console would write differently.
    const input = `base64encode(jsonencode([${expressions.map((each) => `jsonencode(${each})`).join(", ")}]))\n`;
    const { status, stdout } = spawnSync("terraform", ["console"], { cwd: folder, input, encoding: "utf8", env });
    if (status !== 0 || !stdout.startsWith('"')) return undefined;
    return JSON.parse(Buffer.from(JSON.parse(stdout), "base64").toString("utf8"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
