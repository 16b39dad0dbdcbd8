import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PublicObjects } from "@cdktf-serverless-ml/emulator";
import { SCENARIOS } from "../patterns";

/**
 * Google's public sample objects that stacks read, with the content of this project's samples. An
 * object of these buckets that is not here does not exist.
 */
export function publicObjects(): PublicObjects {
  return Object.fromEntries(
    SCENARIOS.flatMap(({ publicObjects = {} }) => Object.entries(publicObjects)).map(([bucket, files]) => [
      bucket,
      Object.fromEntries(Object.entries(files).map(([object, file]) => [object, sampleObject(file)])),
    ]),
  );
}

function sampleObject(file: string): PublicObjects[string][string] {
  const content = readFileSync(join(__dirname, "../../../../samples", file));
  return { content, contentType: "text/plain", source: `samples/${file}` };
}
