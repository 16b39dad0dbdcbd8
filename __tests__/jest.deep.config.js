// `npm run test:deep`: the tests that have a long form, in that form. Workers inherit the variable.
process.env.DEEP_TESTS = "1";

/** @type {import("jest").Config} */
module.exports = {
  ...require("../jest.config.js"),
  rootDir: "..",
  testMatch: ["faults/stacks", "iam-check/stacks", "iam-check/own", "run/propagation"].map(
    (name) => `<rootDir>/packages/scenarios/__tests__/${name}.test.ts`,
  ),
};
