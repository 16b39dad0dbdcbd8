import * as v from "valibot";
import { PermanentError } from "../shared/errors";
import type { HttpHandler } from "../shared/http";
import type { Dataset } from "../shared/learning/data";
import { objectPath } from "../shared/object-path";
import type { StepEnvironment } from "../shared/pipeline/environment";
import { pipelineStep } from "../shared/pipeline/step";
import type { StorageServices } from "../shared/storage-services";
import { readTable } from "./csv";
import { readJsonLines } from "./json-lines";
import { fitScaling, standardise } from "./scaling";
import { split } from "./split";

const MAX_INPUT_BYTES = 8 * 1024 ** 2;
/** Training time grows with the number of classes. A column with more values is hardly a label. */
const MAX_CLASSES = 100;

/**
 * Prepares a table for training: validates it, splits it with a seed, and standardises the features.
 * Mean and deviation come from the training rows alone. Outputs: `train` and `test` (data sets),
 * `statistics`.
 */
export function createHandler(environment: StepEnvironment, services: StorageServices): HttpHandler {
  return pipelineStep({
    environment,
    services,
    parameters: v.object({
      /**
       * A CSV with a header, or JSON Lines of `{ "x": [<number>, …], "label": "<class>" }`, at most
       * 8 MiB, 500000 rows and 100 classes.
       */
      input: objectPath(environment.RUN_BUCKET, { prefix: "inputs/", extensions: [".csv", ".jsonl"] }),
      /** Name of the label column of a CSV. Default: the last column. */
      label: v.optional(v.string()),
      /** Share of the held-out rows, 0.05 to 0.5. */
      testFraction: v.optional(v.pipe(v.number(), v.minValue(0.05), v.maxValue(0.5)), 0.3),
      seed: v.optional(v.pipe(v.number(), v.safeInteger()), 1),
    }),
    work: async ({ parameters, read, write, log }) => {
      const bytes = await read(parameters.input, MAX_INPUT_BYTES);
      const isCsv = parameters.input.name.endsWith(".csv");
      const { features, rows } = isCsv ? readTable(bytes, parameters.label) : readJsonLines(bytes);
      const classes = [...new Set(rows.map(({ label }) => label))].sort();
      if (classes.length < 2 || classes.length > MAX_CLASSES) {
        const message = `The input holds ${classes.length} classes; allowed: 2 to ${MAX_CLASSES}`;
        throw new PermanentError("invalid_rows", message);
      }
      const parts = split(rows, parameters.testFraction, parameters.seed);
      if (parts.test.length === 0) {
        throw new PermanentError(
          "invalid_rows",
          `${rows.length} rows are too few to hold out ${parameters.testFraction}`,
        );
      }
      const scaling = fitScaling(parts.train, features.length);
      const dataset = (part: typeof rows): Dataset => ({
        features,
        classes,
        scaling,
        rows: standardise(part, scaling),
      });
      const statistics = {
        rows: rows.length,
        train: parts.train.length,
        test: parts.test.length,
        features,
        classes,
        scaling,
      };
      log.info("Preprocessed", { train: parts.train.length, test: parts.test.length });
      return {
        train: await write("train.json", JSON.stringify(dataset(parts.train))),
        test: await write("test.json", JSON.stringify(dataset(parts.test))),
        statistics: await write("statistics.json", JSON.stringify(statistics, undefined, 2)),
      };
    },
  });
}
