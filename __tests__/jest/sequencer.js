const { default: Sequencer } = require("@jest/test-sequencer");

/**
 * Files that take long, longest first. Jest remembers how long each took, but in a fresh clone it
 * goes by their size: then one of these would come last, and keep one worker busy while the others
 * have nothing left.
 */
const LONG = [
  "synth/package",
  "run/cli",
  "synth/determinism",
  "run/keep",
  "docs/snippets",
  "faults/stacks",
  "run/predict",
  "patterns/runs",
  "functions/fuzz",
  "iam-check/cli",
  "faults/planted",
  "patterns/generated",
  "functions/fuzz-messages",
  "functions/batch",
  "functions/messages",
  "drive/drive",
  "review/__tests__/cli",
  "iam-check/mutation-run",
  "synth/own-worker",
  "machine/every-option",
  "functions/burst",
  "functions/bundles",
  "emulator/__tests__/functions/host",
  "functions/instance-pool",
];

class LongestFirst extends Sequencer {
  sort(tests) {
    const placeOf = ({ path }) => {
      const place = LONG.findIndex((name) => path.replaceAll("\\", "/").endsWith(`/${name}.test.ts`));
      return place < 0 ? LONG.length : place;
    };
    // The others stay as Jest has them.
    return super.sort(tests).sort((one, other) => placeOf(one) - placeOf(other));
  }
}

module.exports = LongestFirst;
