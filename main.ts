import { readdirSync } from "node:fs";
import { App } from "cdktf";
import { FunctionSource } from "./lib/core/function-source";
import { skipTokenTraces } from "./lib/core/token-traces";
import { ValidationError, ValidationErrors } from "./lib/core/validation";
import { readSettings } from "./lib/settings";
import { AsyncBatchStack } from "./lib/stacks/async-batch";
import { EventWorkflowStack } from "./lib/stacks/event-workflow";
import { PubSubFanoutStack } from "./lib/stacks/pubsub-fanout";
import { ScheduledPreprocessingStack } from "./lib/stacks/scheduled-preprocessing";
import { TaskPipelineStack } from "./lib/stacks/task-pipeline";
import { discardJson, synthesize } from "./lib/synthesize";

skipTokenTraces();
try {
  // Stack traces in the output would hold paths of this machine.
  const app = new App({ stackTraces: false });
  discardJson(app.outdir);
  const settings = readSettings(app);
  FunctionSource.prepare(
    readdirSync("functions", { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== "shared")
      .map(({ name }) => `functions/${name}`),
  );
  new AsyncBatchStack(app, settings);
  new TaskPipelineStack(app, settings);
  new EventWorkflowStack(app, settings);
  new PubSubFanoutStack(app, settings);
  new ScheduledPreprocessingStack(app, settings);
  synthesize(app);
} catch (error) {
  if (!(error instanceof ValidationErrors || error instanceof ValidationError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
