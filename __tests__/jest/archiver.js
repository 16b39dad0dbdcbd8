// cdktf loads archiver at its start but only uses it for assets that are folders, which no test
// has: reading its modules anew in each test file takes longer than all else that cdktf loads. So
// it is loaded when it is called.
const { join } = require("node:path");

const real = () => require(join(__dirname, "../../node_modules/archiver"));

module.exports = Object.assign((...args) => real()(...args), {
  create: (...args) => real().create(...args),
});
