import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PublicObjects } from "@cdktf-serverless-ml/emulator";

/** Files of `samples/` in place of Google's public sample objects: bucket -> object -> file. */
const SAMPLES = {
  // The real one is Shakespeare's King Lear; the sample is a part of Newton's Opticks.
  "dataflow-samples": { "shakespeare/kinglear.txt": "opticks.txt" },
};

/**
 * Google's public sample objects that stacks read. An object of these buckets that is not here does
 * not exist.
 */
export const PUBLIC_OBJECTS: PublicObjects = Object.fromEntries(
  Object.entries(SAMPLES).map(([bucket, files]) => [
    bucket,
    Object.fromEntries(
      Object.entries(files).map(([object, file]) => [
        object,
        {
          content: readFileSync(join(__dirname, "../../../../samples", file)),
          contentType: "text/plain",
          source: `samples/${file}`,
        },
      ]),
    ),
  ]),
);
