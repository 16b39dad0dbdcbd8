import type { Construct } from "constructs";
import { FunctionSource } from "../core/function-source";
import { Filter } from "../parts/filter";
import { GoogleStack } from "../parts/google-stack";
import { PredictionEndpoint } from "../parts/prediction-endpoint";
import { PubSubFanout } from "../patterns/pubsub-fanout";
import type { Settings } from "../settings";
import { addOutputs } from "./outputs";

/** Document 4: AI workloads that share a topic. Each receives its own messages. */
export class PubSubFanoutStack extends GoogleStack {
  readonly fanout: PubSubFanout;

  constructor(scope: Construct, settings: Settings) {
    super(scope, "pubsub-fanout", settings);
    const endpoint = new PredictionEndpoint(this, "endpoint", settings.vertexEndpointId, {
      host: settings.vertexEndpointHost,
    });
    const predictor = FunctionSource.builtIn("message-predictor");
    this.fanout = new PubSubFanout(this, "fanout", {
      topicName: `ai-workloads-topic-${settings.environment}`,
      subscribers: {
        text: { source: predictor, endpoint, filter: Filter.equals("modality", "text") },
        image: { source: predictor, endpoint, filter: Filter.equals("modality", "image") },
        // It accepts every message, so it sends none to the dead letter itself.
        audit: { source: FunctionSource.builtIn("message-audit"), subscription: { useDeadLetter: false } },
      },
      pullSubscribers: {
        services: { name: `ai-workloads-subscription-${settings.environment}` },
      },
    });

    const { topic, subscribers, pullSubscribers, resultsBucket, redrive, client } = this.fanout;
    const pushed = Object.values(subscribers);
    const pulled = Object.values(pullSubscribers);
    addOutputs(this, {
      topic_name: topic.resource.name,
      subscription_name: pullSubscribers.services?.subscription.resource.name,
      subscription_names: [...pushed, ...pulled].map(({ subscription }) => subscription.resource.name),
      cloud_function_name: subscribers.text?.worker.resource.name,
      cloud_function_names: pushed.map(({ worker }) => worker.resource.name),
      dead_letter_subscription_names: [...pushed, ...pulled].flatMap(
        ({ deadLetter }) => deadLetter?.subscription.resource.name ?? [],
      ),
      redrive_url: redrive?.service.uri,
      redrive_function_name: redrive?.service.resource.name,
      results_bucket_name: resultsBucket.name,
      client: client.grantee.member,
    });
  }
}
