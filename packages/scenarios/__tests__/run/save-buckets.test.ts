import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunningStack } from "@cdktf-serverless-ml/emulator";
import { saveBuckets } from "../../src/run/save-buckets";

const folder = mkdtempSync(join(tmpdir(), "save-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Of a stack whose bucket `b` holds objects of these names, each its name. */
function running(names: readonly string[]): RunningStack {
  const objects = () => names.map((name) => ({ bucket: "b", name, content: Buffer.from(name) }));
  return { named: () => [], service: () => ({ objects }) } as unknown as RunningStack;
}

test.each([
  [
    ["a", "a/b"],
    ["a%", "a/b"],
  ],
  [
    ["../../out", "/absolute", "./x"],
    ["%2E%2E/%2E%2E/out", "%/absolute", "%2E/x"],
  ],
  [
    ["a\\b", "c:d", 'e?"<>|*', "trailing.", "100%"],
    ["a%5Cb", "c%3Ad", "e%3F%22%3C%3E%7C*", "trailing%2E", "100%25"],
  ],
])("objects %j are files %j, all of them within the folder", (names, files) => {
  const place = mkdtempSync(join(folder, "case-"));
  expect(saveBuckets(running(names), place)).toBe(names.length);
  for (const [index, file] of files.entries()) {
    expect(readFileSync(join(place, "b", file), "utf8")).toBe(names[index]);
  }
  expect(readdirSync(place)).toEqual(["b"]);
});
