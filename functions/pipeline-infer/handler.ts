import * as v from "valibot";
import { PermanentError } from "../shared/errors";
import type { HttpHandler } from "../shared/http";
import { datasetSchema, modelSchema } from "../shared/learning/data";
import type { StepEnvironment } from "../shared/pipeline/environment";
import { pipelineStep } from "../shared/pipeline/step";
import type { StorageServices } from "../shared/storage-services";
import { evaluate, predictRows } from "./evaluation";

/**
 * Scores the held-out rows (`test`) with the `model` of earlier steps. Outputs: `predictions` (JSON
 * lines), `metrics` (accuracy and confusion matrix), `accuracy`.
 */
export function createHandler(environment: StepEnvironment, services: StorageServices): HttpHandler {
  return pipelineStep({
    environment,
    services,
    parameters: v.object({}),
    work: async ({ readOutput, write, log }) => {
      const test = await readOutput("test", datasetSchema);
      const model = await readOutput("model", modelSchema);
      if (model.features.join() !== test.features.join()) {
        const message = `The model was trained on ${model.features.join(", ")}; the rows have ${test.features.join(", ")}`;
        throw new PermanentError("model_mismatch", message);
      }
      const predictions = predictRows(model, test);
      const metrics = evaluate(model.classes, predictions);
      log.info("Inferred", { rows: metrics.rows, accuracy: metrics.accuracy });
      const lines = predictions.map((prediction) => `${JSON.stringify(prediction)}\n`);
      return {
        predictions: await write("predictions.jsonl", lines.join(""), "application/x-ndjson"),
        metrics: await write("metrics.json", JSON.stringify(metrics, undefined, 2)),
        accuracy: metrics.accuracy,
      };
    },
  });
}
