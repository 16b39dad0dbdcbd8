import { existsSync, statSync } from "node:fs";
import { functionEntries } from "../../scripts/app";

test("what bundles ahead is a module of each function: anything else would fail their common build", () => {
  const entries = functionEntries();
  expect(entries.filter((entry) => !existsSync(entry) || !statSync(entry).isFile())).toEqual([]);
  expect(entries).toContain(require.resolve("../../functions/batch-worker/index.ts"));
  expect(entries.filter((entry) => entry.includes("shared"))).toEqual([]);
});
