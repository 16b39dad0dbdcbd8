const { mkdtempSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");

/**
 * A folder for what the tests of one run share, such as the synthesized stacks. Workers inherit the
 * variable.
 */
module.exports = () => {
  process.env.TEST_RUN_FOLDER = mkdtempSync(join(tmpdir(), "test-run-"));
};
