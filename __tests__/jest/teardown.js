const { rmSync } = require("node:fs");

module.exports = () => {
  if (process.env.TEST_RUN_FOLDER) rmSync(process.env.TEST_RUN_FOLDER, { recursive: true, force: true });
};
