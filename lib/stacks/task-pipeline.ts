import type { Construct } from "constructs";
import { FunctionSource } from "../core/function-source";
import { Memory } from "../core/memory";
import { GoogleStack } from "../parts/google-stack";
import { TaskPipeline } from "../patterns/task-pipeline";
import type { Settings } from "../settings";
import { addOutputs } from "./outputs";

/** Document 2: an AI pipeline whose steps are Cloud Tasks tasks. */
export class TaskPipelineStack extends GoogleStack {
  readonly pipeline: TaskPipeline;

  constructor(scope: Construct, settings: Settings) {
    super(scope, "task-pipeline", settings);
    this.pipeline = new TaskPipeline(this, "pipeline", {
      steps: {
        preprocess: { source: FunctionSource.builtIn("pipeline-preprocess") },
        train: { source: FunctionSource.builtIn("pipeline-train"), after: ["preprocess"], memory: Memory.gibibytes(1) },
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
