import * as v from "valibot";
import type { HttpHandler } from "../shared/http";
import { datasetSchema } from "../shared/learning/data";
import type { StepEnvironment } from "../shared/pipeline/environment";
import { pipelineStep } from "../shared/pipeline/step";
import type { StorageServices } from "../shared/storage-services";
import { fitModel } from "./logistic-regression";

const parameters = v.object({
  /** Most iterations over all rows, 1 to 10000. */
  maxIterations: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)), 2_000),
  /** Weight of the penalty on squared weights, 0 to 10. */
  l2: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(10)), 0.001),
  /** Training ends when an iteration improves the loss by less than this, 0 to 1. */
  tolerance: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 1e-5),
});

/**
 * Trains a multiclass logistic regression on the `train` data set of an earlier step. Output:
 * `model`, which contains all that classification needs: classes, weights, scaling, and how well it
 * fits the training rows.
 */
export function createHandler(environment: StepEnvironment, services: StorageServices): HttpHandler {
  return pipelineStep({
    environment,
    services,
    parameters,
    work: async ({ parameters: options, readOutput, write, log }) => {
      const model = fitModel(await readOutput("train", datasetSchema), options);
      log.info("Trained", model.metrics);
      return { model: await write("model.json", JSON.stringify(model, undefined, 2)), metrics: model.metrics };
    },
  });
}
