// `npm run test:deep`: the tests that have a long form, in that form; and the coverage of the
// library and of the functions, for which their other tests run as well.
const { readdirSync, readFileSync } = require("node:fs");
const { join, resolve } = require("node:path");
const config = require("../../jest.config.js");
const deepFiles = require("./deep-files.js");

const root = resolve(__dirname, "../..");
// Workers inherit it.
process.env.DEEP_TESTS = "1";

/** What has a long form imports `inDepth`, or what is built on it. */
const HAS_LONG_FORM = /\/support\/(deep|fuzzing|fuzz-suite)"/;
const IS_COVERING = /^__tests__\/(lib|functions)\//;

const tests = ["__tests__", "packages"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .map((file) => join(folder, file).replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".test.ts") && !file.includes("/node_modules/"))
    .filter(
      (file) =>
        deepFiles.includes(file) ||
        IS_COVERING.test(file) ||
        HAS_LONG_FORM.test(readFileSync(join(root, file), "utf8")),
    ),
);

/** @type {import("jest").Config} */
module.exports = {
  ...config,
  rootDir: root,
  testPathIgnorePatterns: ["/node_modules/"],
  testMatch: tests.map((file) => `<rootDir>/${file}`),
  collectCoverage: true,
  coverageProvider: "v8",
  coverageReporters: ["text-summary"],
  collectCoverageFrom: ["lib/**/*.ts", "functions/**/*.ts"],
  coverageThreshold: { global: { lines: 95 } },
};
