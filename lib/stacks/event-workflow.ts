import type { Construct } from "constructs";
import { GoogleStack } from "../parts/google-stack";
import { PredictionEndpoint } from "../parts/prediction-endpoint";
import { EventWorkflow } from "../patterns/event-workflow";
import type { Settings } from "../settings";
import { addOutputs } from "./outputs";

/** Document 3: a workflow predicts each upload. */
export class EventWorkflowStack extends GoogleStack {
  readonly workflow: EventWorkflow;

  constructor(scope: Construct, settings: Settings) {
    super(scope, "event-workflow", settings);
    const endpoint = new PredictionEndpoint(this, "endpoint", settings.vertexEndpointId, {
      host: settings.vertexEndpointHost,
    });
    this.workflow = new EventWorkflow(this, "workflow", {
      endpoint,
      topicName: `data-uploaded-topic-${settings.environment}`,
      starter: { name: `start-workflow-${settings.environment}` },
      workflow: { name: `ml-prediction-workflow-${settings.environment}` },
    });

    addOutputs(this, {
      bucket_name: this.workflow.uploadBucket.name,
      pub_sub_topic: this.workflow.topic.topicId,
      cloud_function_name: this.workflow.starter.resource.name,
      workflow_name: this.workflow.workflow.resource.name,
      results_bucket_name: this.workflow.resultsBucket.name,
      dead_letter_subscription_name: this.workflow.deadLetter?.subscription.resource.name,
      redrive_url: this.workflow.redrive?.service.uri,
      redrive_function_name: this.workflow.redrive?.service.resource.name,
      client: this.workflow.client.grantee.member,
    });
  }
}
