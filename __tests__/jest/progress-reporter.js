const deepFiles = require("./deep-files.js");

// Shows that a run goes on while no file ends, and says at its end which tests were skipped and
// why.

/** Longest silence in milliseconds. */
const SILENCE = 8_000;
/** How `onlyIf` in __tests__/support gives a reason. */
const SKIPPED = "skipped: ";

class ProgressReporter {
  /** Path -> when it began, of the files that run now. */
  running = new Map();
  /** Reason -> how many tests of which files. */
  skipped = new Map();
  printed = Date.now();
  done = 0;

  constructor({ rootDir, nonFlagArgs }) {
    this.rootDir = rootDir;
    this.patterns = nonFlagArgs;
  }

  onRunStart({ numTotalTestSuites }) {
    this.total = numTotalTestSuites;
    this.timer = setInterval(() => this.showProgress(), 1_000);
    this.timer.unref();
  }

  onTestFileStart({ path }) {
    this.running.set(path, Date.now());
  }

  onTestFileResult({ path }, { testResults }) {
    this.running.delete(path);
    this.done++;
    this.printed = Date.now();
    for (const { status, ancestorTitles } of testResults) {
      if (status === "pending") this.noteSkipped(this.nameOf(path), ancestorTitles);
    }
  }

  onRunComplete() {
    clearInterval(this.timer);
    const { patterns } = this;
    const missed = deepFiles.filter((file) => patterns.length === 0 || patterns.some((each) => file.includes(each)));
    if (process.env.DEEP_TESTS !== "1" && missed.length > 0) {
      process.stderr.write(`Skipped: npm run test:deep runs these files: ${missed.join(", ")}\n`);
    }
    for (const [reason, counts] of [...this.skipped].sort()) {
      const files = [...counts].map(([file, count]) => `${count} in ${file}`);
      process.stderr.write(`Skipped: ${reason}: ${files.join(", ")}\n`);
    }
  }

  noteSkipped(file, titles) {
    const title = titles.find((each) => each.startsWith(SKIPPED));
    const reason = title?.slice(SKIPPED.length) ?? "no reason given";
    const counts = this.skipped.get(reason) ?? new Map();
    this.skipped.set(reason, counts.set(file, (counts.get(file) ?? 0) + 1));
  }

  showProgress() {
    if (Date.now() - this.printed < SILENCE) return;
    this.printed = Date.now();
    const seconds = (since) => `${Math.round((Date.now() - since) / 1000)} s`;
    const files = [...this.running].map(([path, since]) => `${this.nameOf(path)} (${seconds(since)})`);
    process.stderr.write(`... ${this.done} of ${this.total} files; running: ${files.join(", ") || "none yet"}\n`);
  }

  nameOf(path) {
    return path.slice(this.rootDir.length + 1);
  }
}

module.exports = ProgressReporter;
