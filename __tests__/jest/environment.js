const asyncHooks = require("node:async_hooks");
const { TestEnvironment } = require("jest-environment-node");

// Before Node.js 24, each promise gets a property for each AsyncLocalStorage that was ever used in
// its process and not disabled. Jest makes one for each test file and disables none, so the
// fiftieth file of a worker pays for all before it. Here those of a file are disabled at its end.
const { AsyncLocalStorage } = asyncHooks;
const created = new Set();

asyncHooks.AsyncLocalStorage = class extends AsyncLocalStorage {
  constructor(...args) {
    super(...args);
    created.add(this);
  }
};

module.exports = class extends TestEnvironment {
  async teardown() {
    await super.teardown();
    for (const storage of created) storage.disable();
    created.clear();
  }
};
