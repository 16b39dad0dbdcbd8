import type { Construct } from "constructs";
import { DataflowTemplate } from "../parts/dataflow-job";
import { GoogleStack } from "../parts/google-stack";
import { ScheduledPreprocessing } from "../patterns/scheduled-preprocessing";
import type { Settings } from "../settings";
import { addOutputs } from "./outputs";

/** Document 5: a Dataflow template that is launched on a schedule, and once when the stack is deployed. */
export class ScheduledPreprocessingStack extends GoogleStack {
  readonly preprocessing: ScheduledPreprocessing;

  constructor(scope: Construct, settings: Settings) {
    super(scope, "scheduled-preprocessing", settings);
    this.preprocessing = new ScheduledPreprocessing(this, "preprocessing", {
      template: DataflowTemplate.classic("gs://dataflow-templates/latest/Word_Count"),
      parameters: (output) => ({
        inputFile: "gs://dataflow-samples/shakespeare/kinglear.txt",
        output: `${output}/wordcount/outputs`,
      }),
      schedule: { cron: settings.schedule, timeZone: settings.timeZone },
      deployTimeJob: true,
    });

    addOutputs(this, {
      task_queue_name: this.preprocessing.queue.resource.name,
      dataflow_job_name: this.preprocessing.deployTimeJob?.resource.name,
      launcher_url: this.preprocessing.launcher.uri,
      schedule_name: this.preprocessing.schedule.resource.name,
      output_bucket_name: this.preprocessing.outputBucket.name,
      dead_letter_subscription_name: this.preprocessing.deadLetter?.subscription.resource.name,
      redrive_url: this.preprocessing.redrive?.service.uri,
      redrive_function_name: this.preprocessing.redrive?.service.resource.name,
      client: this.preprocessing.client?.grantee.member,
    });
  }
}
