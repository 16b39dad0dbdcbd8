import { join } from "node:path";
import type { Construct } from "constructs";
import { Duration } from "../core/duration";
import { packageRoot } from "../core/package-root";
import { Bucket } from "../parts/bucket";
import { DataflowTemplate } from "../parts/dataflow-template";
import { GoogleStack } from "../parts/google-stack";
import { ScheduledPreprocessing } from "../patterns/scheduled-preprocessing";
import type { Settings } from "../settings";
import { addOutputs } from "./outputs";

/**
 * Document 5: Dataflow templates that are launched on schedules. The document's own is also
 * launched once when the stack is deployed; the other one prepares tables for training.
 */
export class ScheduledPreprocessingStack extends GoogleStack {
  readonly preprocessing: ScheduledPreprocessing;
  /** Receives the tables that the job `flowers` reads. */
  readonly inputBucket: Bucket;

  constructor(scope: Construct, settings: Settings) {
    super(scope, "scheduled-preprocessing", settings);
    this.inputBucket = new Bucket(this, "input");
    this.preprocessing = new ScheduledPreprocessing(this, "preprocessing", {
      template: DataflowTemplate.classic("gs://dataflow-templates/latest/Word_Count"),
      parameters: (output) => ({
        inputFile: "gs://dataflow-samples/shakespeare/kinglear.txt",
        output: `${output}/wordcount/outputs`,
      }),
      schedule: { cron: settings.schedule, timeZone: settings.timeZone },
      deployTimeJob: true,
      inputBuckets: [this.inputBucket],
      jobs: {
        flowers: {
          template: DataflowTemplate.yaml(join(packageRoot(), "pipelines", "flowers.yaml"), {
            variables: {
              features: ["sepal_length", "sepal_width", "petal_length", "petal_width"],
              label: "species",
              test_fraction: 0.3,
            },
          }),
          parameters: (output) => ({ input: `gs://${this.inputBucket.name}/flowers/*.csv`, output }),
          schedule: { cron: settings.schedule, timeZone: settings.timeZone },
          waitFor: Duration.hours(6),
        },
      },
    });
    const { client, outputBucket } = this.preprocessing;
    if (client) {
      this.inputBucket.grantCreate(client);
      outputBucket.grantRead(client);
    }

    addOutputs(this, {
      task_queue_name: this.preprocessing.queue.resource.name,
      dataflow_job_name: this.preprocessing.deployTimeJob?.resource.name,
      launcher_url: this.preprocessing.launcher.uri,
      schedule_name: this.preprocessing.schedule.resource.name,
      output_bucket_name: this.preprocessing.outputBucket.name,
      flowers_schedule_name: this.preprocessing.schedules.flowers?.resource.name,
      input_bucket_name: this.inputBucket.name,
      dead_letter_subscription_name: this.preprocessing.deadLetter?.subscription.resource.name,
      redrive_url: this.preprocessing.redrive?.service.uri,
      redrive_function_name: this.preprocessing.redrive?.service.resource.name,
      client: this.preprocessing.client?.grantee.member,
    });
  }
}
