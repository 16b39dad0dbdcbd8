import type { Rpc } from "../core/rpc";

const TOPIC = "projects/*/topics/*";
const SUBSCRIPTION = "projects/*/subscriptions/*";
const SNAPSHOT = "projects/*/snapshots/*";
const SCHEMA = "projects/*/schemas/*";

// Methods of google/pubsub/v1/pubsub.proto and schema.proto that are refused by name.

export const PUBLISHER_RPCS: readonly Rpc[] = [
  { name: "CreateTopic", http: `PUT /v1/{name=${TOPIC}}` },
  { name: "UpdateTopic", http: `PATCH /v1/{topic.name=${TOPIC}}` },
  { name: "GetTopic", http: `GET /v1/{topic=${TOPIC}}` },
  { name: "ListTopics", http: "GET /v1/{project=projects/*}/topics" },
  { name: "ListTopicSubscriptions", http: `GET /v1/{topic=${TOPIC}}/subscriptions` },
  { name: "ListTopicSnapshots", http: `GET /v1/{topic=${TOPIC}}/snapshots` },
  { name: "DeleteTopic", http: `DELETE /v1/{topic=${TOPIC}}` },
  { name: "DetachSubscription", http: `POST /v1/{subscription=${SUBSCRIPTION}}:detach` },
];

export const SUBSCRIBER_RPCS: readonly Rpc[] = [
  { name: "Seek", http: `POST /v1/{subscription=${SUBSCRIPTION}}:seek` },
  { name: "CreateSubscription", http: `PUT /v1/{name=${SUBSCRIPTION}}` },
  { name: "GetSubscription", http: `GET /v1/{subscription=${SUBSCRIPTION}}` },
  { name: "UpdateSubscription", http: `PATCH /v1/{subscription.name=${SUBSCRIPTION}}` },
  { name: "ListSubscriptions", http: "GET /v1/{project=projects/*}/subscriptions" },
  { name: "DeleteSubscription", http: `DELETE /v1/{subscription=${SUBSCRIPTION}}` },
  { name: "ModifyPushConfig", http: `POST /v1/{subscription=${SUBSCRIPTION}}:modifyPushConfig` },
  { name: "GetSnapshot", http: `GET /v1/{snapshot=${SNAPSHOT}}` },
  { name: "ListSnapshots", http: "GET /v1/{project=projects/*}/snapshots" },
  { name: "CreateSnapshot", http: `PUT /v1/{name=${SNAPSHOT}}` },
  { name: "UpdateSnapshot", http: `PATCH /v1/{snapshot.name=${SNAPSHOT}}` },
  { name: "DeleteSnapshot", http: `DELETE /v1/{snapshot=${SNAPSHOT}}` },
];

export const SCHEMA_RPCS: readonly Rpc[] = [
  { name: "CreateSchema", http: "POST /v1/{parent=projects/*}/schemas" },
  { name: "GetSchema", http: `GET /v1/{name=${SCHEMA}}` },
  { name: "ListSchemas", http: "GET /v1/{parent=projects/*}/schemas" },
  { name: "ListSchemaRevisions", http: `GET /v1/{name=${SCHEMA}}:listRevisions` },
  { name: "CommitSchema", http: `POST /v1/{name=${SCHEMA}}:commit` },
  { name: "RollbackSchema", http: `POST /v1/{name=${SCHEMA}}:rollback` },
  { name: "DeleteSchemaRevision", http: `DELETE /v1/{name=${SCHEMA}}:deleteRevision` },
  { name: "DeleteSchema", http: `DELETE /v1/{name=${SCHEMA}}` },
  { name: "ValidateSchema", http: "POST /v1/{parent=projects/*}/schemas:validate" },
  { name: "ValidateMessage", http: "POST /v1/{parent=projects/*}/schemas:validateMessage" },
];
