// functions-framework runs each request in a domain of Node.js, to answer 500 for what a function
// throws when nobody waits for it. No function that a test calls in this process does so. The first
// domain makes Node.js track each promise of the process until it is collected, also in the test
// files that come later. Functions in processes of their own, as most tests of packages/emulator
// have them, run in real domains.
class Domain {
  on() {
    return this;
  }

  run(work) {
    return work();
  }
}

module.exports = { create: () => new Domain() };
