import type { Construct } from "constructs";
import { GoogleStack } from "../parts/google-stack";
import { PredictionEndpoint } from "../parts/prediction-endpoint";
import { AsyncBatch } from "../patterns/async-batch";
import type { Settings } from "../settings";
import { addOutputs } from "./outputs";

/** Document 1: asynchronous batch predictions with Cloud Tasks. */
export class AsyncBatchStack extends GoogleStack {
  readonly batch: AsyncBatch;

  constructor(scope: Construct, settings: Settings) {
    super(scope, "async-batch", settings);
    const endpoint = new PredictionEndpoint(this, "endpoint", settings.vertexEndpointId, {
      host: settings.vertexEndpointHost,
    });
    this.batch = new AsyncBatch(this, "batch", { endpoint });

    addOutputs(this, {
      function_url: this.batch.worker.uri,
      queue_name: this.batch.queue.resource.name,
      submitter_url: this.batch.submitter.uri,
      input_bucket_name: this.batch.inputBucket.name,
      output_bucket_name: this.batch.outputBucket.name,
      dead_letter_subscription_name: this.batch.deadLetter?.subscription.resource.name,
      redrive_url: this.batch.redrive?.service.uri,
      redrive_function_name: this.batch.redrive?.service.resource.name,
      client: this.batch.client.grantee.member,
    });
  }
}
