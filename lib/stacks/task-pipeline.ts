import { join } from "node:path";
import type { Construct } from "constructs";
import { Duration } from "../core/duration";
import { FunctionSource } from "../core/function-source";
import { Memory } from "../core/memory";
import { packageRoot } from "../core/package-root";
import { GoogleStack } from "../parts/google-stack";
import { TaskPipeline } from "../patterns/task-pipeline";
import type { Settings } from "../settings";
import { addOutputs } from "./outputs";

const IN_A_FUNCTION = { source: FunctionSource.builtIn("pipeline-train"), memory: Memory.gibibytes(1) };

/** The same training in Python, with the same inputs and outputs. It needs no library. */
const IN_VERTEX = {
  vertexTraining: {
    // An image of Google's (https://cloud.google.com/vertex-ai/docs/training/pre-built-containers).
    image: "us-docker.pkg.dev/vertex-ai/training/sklearn-cpu.1-6:latest",
    source: join(packageRoot(), "workers", "iris-train", "main.py"),
    machineType: "n1-standard-4",
  },
  maxDuration: Duration.hours(1),
};

/** Document 2: an AI pipeline whose steps are Cloud Tasks tasks. */
export class TaskPipelineStack extends GoogleStack {
  readonly pipeline: TaskPipeline;

  constructor(scope: Construct, settings: Settings) {
    super(scope, "task-pipeline", settings);
    this.pipeline = new TaskPipeline(this, "pipeline", {
      steps: {
        preprocess: { source: FunctionSource.builtIn("pipeline-preprocess") },
        train: { ...(settings.trainAs === "vertex" ? IN_VERTEX : IN_A_FUNCTION), after: ["preprocess"] },
        infer: { source: FunctionSource.builtIn("pipeline-infer"), after: ["preprocess", "train"] },
      },
      schedule: {
        cron: settings.schedule,
        timeZone: settings.timeZone,
        parameters: (runBucket) => ({ input: `${runBucket}/inputs/iris.csv` }),
      },
    });

    addOutputs(this, {
      queue_name: this.pipeline.queue.resource.name,
      start_url: this.pipeline.starter.uri,
      pipeline_steps: Object.keys(this.pipeline.steps),
      run_bucket_name: this.pipeline.runBucket.name,
      task_name: this.pipeline.schedule?.resource.name,
      dead_letter_subscription_name: this.pipeline.deadLetter?.subscription.resource.name,
      redrive_url: this.pipeline.redrive?.service.uri,
      redrive_function_name: this.pipeline.redrive?.service.resource.name,
      client: this.pipeline.client.grantee.member,
    });
  }
}
