import { CUSTOMER_MANAGED_KEYS, defineService, type Item } from "../core/service";
import { pubSubBilling } from "./billing";
import { PubSubEmulator, type PubSubOptions } from "./pubsub-emulator";

const TOPIC = "projects/*/topics/*";
const SUBSCRIPTION = "projects/*/subscriptions/*";
const SNAPSHOT = "projects/*/snapshots/*";
const SCHEMA = "projects/*/schemas/*";

const hosts = ["pubsub.googleapis.com"];
const protos = "@google-cloud/pubsub/build/protos/protos.json";

export const pubSub = defineService({
  name: "Pub/Sub",
  simulated: {
    google_pubsub_schema: ["name", "project", "type", "definition"],
    google_pubsub_topic: [
      "name",
      "project",
      "labels",
      // Changes nothing: only Seek, which is refused, could bring back what a topic keeps.
      "message_retention_duration",
      "schema_settings.schema",
      "schema_settings.encoding",
    ],
    google_pubsub_subscription: [
      "name",
      "project",
      "topic",
      "labels",
      "ack_deadline_seconds",
      "message_retention_duration",
      "retain_acked_messages",
      // Changes nothing: no subscription expires within a run.
      "expiration_policy.ttl",
      "enable_message_ordering",
      "enable_exactly_once_delivery",
      "filter",
      "retry_policy.minimum_backoff",
      "retry_policy.maximum_backoff",
      "dead_letter_policy.dead_letter_topic",
      "dead_letter_policy.max_delivery_attempts",
      "push_config.push_endpoint",
      "push_config.attributes",
      "push_config.oidc_token.service_account_email",
      "push_config.oidc_token.audience",
    ],
  },
  withoutEffect: [{ why: CUSTOMER_MANAGED_KEYS, attributes: { google_pubsub_topic: ["kms_key_name"] } }],
  apis: [
    {
      name: "google.pubsub.v1.Publisher",
      hosts,
      protos,
      methods: { Publish: `POST /v1/{topic=${TOPIC}}:publish` },
      refused: {
        CreateTopic: `PUT /v1/{name=${TOPIC}}`,
        UpdateTopic: `PATCH /v1/{topic.name=${TOPIC}}`,
        GetTopic: `GET /v1/{topic=${TOPIC}}`,
        ListTopics: "GET /v1/{project=projects/*}/topics",
        ListTopicSubscriptions: `GET /v1/{topic=${TOPIC}}/subscriptions`,
        ListTopicSnapshots: `GET /v1/{topic=${TOPIC}}/snapshots`,
        DeleteTopic: `DELETE /v1/{topic=${TOPIC}}`,
        DetachSubscription: `POST /v1/{subscription=${SUBSCRIPTION}}:detach`,
      },
      data: ["attributes"],
    },
    {
      name: "google.pubsub.v1.Subscriber",
      hosts,
      protos,
      methods: {
        Pull: `POST /v1/{subscription=${SUBSCRIPTION}}:pull`,
        Acknowledge: `POST /v1/{subscription=${SUBSCRIPTION}}:acknowledge`,
        ModifyAckDeadline: `POST /v1/{subscription=${SUBSCRIPTION}}:modifyAckDeadline`,
      },
      streams: ["StreamingPull"],
      refused: {
        Seek: `POST /v1/{subscription=${SUBSCRIPTION}}:seek`,
        CreateSubscription: `PUT /v1/{name=${SUBSCRIPTION}}`,
        GetSubscription: `GET /v1/{subscription=${SUBSCRIPTION}}`,
        UpdateSubscription: `PATCH /v1/{subscription.name=${SUBSCRIPTION}}`,
        ListSubscriptions: "GET /v1/{project=projects/*}/subscriptions",
        DeleteSubscription: `DELETE /v1/{subscription=${SUBSCRIPTION}}`,
        ModifyPushConfig: `POST /v1/{subscription=${SUBSCRIPTION}}:modifyPushConfig`,
        GetSnapshot: `GET /v1/{snapshot=${SNAPSHOT}}`,
        ListSnapshots: "GET /v1/{project=projects/*}/snapshots",
        CreateSnapshot: `PUT /v1/{name=${SNAPSHOT}}`,
        UpdateSnapshot: `PATCH /v1/{snapshot.name=${SNAPSHOT}}`,
        DeleteSnapshot: `DELETE /v1/{snapshot=${SNAPSHOT}}`,
      },
    },
    {
      name: "google.pubsub.v1.SchemaService",
      hosts,
      protos,
      methods: {},
      refused: {
        CreateSchema: "POST /v1/{parent=projects/*}/schemas",
        GetSchema: `GET /v1/{name=${SCHEMA}}`,
        ListSchemas: "GET /v1/{parent=projects/*}/schemas",
        ListSchemaRevisions: `GET /v1/{name=${SCHEMA}}:listRevisions`,
        CommitSchema: `POST /v1/{name=${SCHEMA}}:commit`,
        RollbackSchema: `POST /v1/{name=${SCHEMA}}:rollback`,
        DeleteSchemaRevision: `DELETE /v1/{name=${SCHEMA}}:deleteRevision`,
        DeleteSchema: `DELETE /v1/{name=${SCHEMA}}`,
        ValidateSchema: "POST /v1/{parent=projects/*}/schemas:validate",
        ValidateMessage: "POST /v1/{parent=projects/*}/schemas:validateMessage",
      },
    },
  ],
  billing: pubSubBilling,
  permissions: ["pubsub.subscriptions.consume", "pubsub.topics.publish"],
  policies: [TOPIC, SUBSCRIPTION],
  itemOf({ headers, body }): Item | undefined {
    if (headers["User-Agent"] !== "CloudPubSub-Google") return undefined;
    const { message, subscription, deliveryAttempt: attempt } = JSON.parse(body.toString());
    const what = `message ${message.messageId}`;
    return { id: `subscription ${subscription} ${what}`, what, message: { subscription, attempt } };
  },
  create: (context, resources, options: PubSubOptions) => new PubSubEmulator(context, resources, options),
});

export { parseFilter } from "./filter";
export type { Message as PubSubMessage } from "./message";
export type { PublishedMessage, TopicPublisher } from "./publisher";
export type { SubscriptionState } from "./pubsub-emulator";
