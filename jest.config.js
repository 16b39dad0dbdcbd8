const { availableParallelism } = require("node:os");
const deepFiles = require("./__tests__/jest/deep-files.js");

/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "<rootDir>/__tests__/jest/environment.js",
  roots: ["<rootDir>/__tests__", "<rootDir>/packages"],
  testMatch: ["**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/", ...deepFiles.map((file) => `<rootDir>/${file}$`)],
  transform: {
    "\\.ts$": [
      "@swc/jest",
      {
        jsc: { parser: { syntax: "typescript" }, target: "es2022" },
        module: { type: "commonjs" },
        sourceMaps: "inline",
      },
    ],
  },
  moduleNameMapper: {
    "^archiver$": "<rootDir>/__tests__/jest/archiver.js",
    "^domain$": "<rootDir>/__tests__/jest/domain.js",
  },
  globalSetup: "<rootDir>/__tests__/jest/setup.js",
  globalTeardown: "<rootDir>/__tests__/jest/teardown.js",
  reporters: ["default", "<rootDir>/__tests__/jest/progress-reporter.js"],
  testSequencer: "<rootDir>/__tests__/jest/sequencer.js",
  testTimeout: 30_000,
  // By default jest leaves a core free, which on two cores makes it half as fast. One worker more
  // than there are cores uses the time in which others wait for a process or a timer.
  maxWorkers: availableParallelism() + 1,
};
