import { CUSTOMER_MANAGED_KEYS, defineService } from "../core/service";
import { pubSub } from "../pubsub";
import { storageBilling } from "./billing";
import { StorageRest } from "./rest";
import { StorageEmulator, type StorageOptions } from "./storage-emulator";

const OBJECT = "/storage/v1/b/{bucket=*}/o/{object=*}";

export const cloudStorage = defineService({
  name: "Cloud Storage",
  simulated: {
    google_storage_bucket: [
      "name",
      "project",
      "location",
      "storage_class",
      "labels",
      "force_destroy",
      "public_access_prevention",
      "uniform_bucket_level_access",
      "versioning.enabled",
      // Changes nothing: usage logs are delivered hourly, and no run lasts that long.
      "logging.log_bucket",
      "logging.log_object_prefix",
      // Changes nothing: restoring deleted objects is refused by name.
      "soft_delete_policy.retention_duration_seconds",
      "lifecycle_rule.action.type",
      "lifecycle_rule.condition.age",
    ],
    google_storage_bucket_object: [
      "bucket",
      "name",
      "source",
      "content",
      "content_type",
      "content_encoding",
      "content_disposition",
      "content_language",
      "cache_control",
      "metadata",
      "generation",
    ],
    google_storage_notification: [
      "bucket",
      "topic",
      "payload_format",
      "event_types",
      "object_name_prefix",
      "custom_attributes",
    ],
  },
  dataSources: ["google_storage_project_service_account"],
  withoutEffect: [
    { why: CUSTOMER_MANAGED_KEYS, attributes: { google_storage_bucket: ["encryption.default_kms_key_name"] } },
  ],
  apis: [
    {
      // Paths: the discovery document of storage v1.
      name: "storage.v1",
      hosts: ["storage.googleapis.com"],
      methods: {
        "buckets.get": "GET /storage/v1/b/{bucket=*}",
        "objects.list": "GET /storage/v1/b/{bucket=*}/o",
        "objects.insert": "POST /upload/storage/v1/b/{bucket=*}/o",
        "objects.get": `GET ${OBJECT}`,
        "objects.delete": `DELETE ${OBJECT}`,
        "objects.patch": `PATCH ${OBJECT}`,
        "objects.copy": `POST ${OBJECT}/copyTo/b/{destinationBucket=*}/o/{destinationObject=*}`,
        "objects.rewrite": `POST ${OBJECT}/rewriteTo/b/{destinationBucket=*}/o/{destinationObject=*}`,
      },
      refused: {
        "buckets.list": "GET /storage/v1/b",
        "buckets.insert": "POST /storage/v1/b",
        "buckets.delete": "DELETE /storage/v1/b/{bucket=*}",
        "buckets.patch": "PATCH /storage/v1/b/{bucket=*}",
        "buckets.getIamPolicy": "GET /storage/v1/b/{bucket=*}/iam",
        "objects.update": `PUT ${OBJECT}`,
        "objects.compose": `POST ${OBJECT}/compose`,
        "notifications.list": "GET /storage/v1/b/{bucket=*}/notificationConfigs",
      },
      rest: (storage: StorageEmulator) => new StorageRest(storage),
    },
  ],
  billing: storageBilling,
  permissions: [
    "pubsub.topics.publish",
    "storage.buckets.get",
    "storage.objects.create",
    "storage.objects.delete",
    "storage.objects.get",
    "storage.objects.list",
    "storage.objects.update",
  ],
  needs: { pubSub },
  create: (context, resources, options: Omit<StorageOptions, "publisher">, needed) =>
    new StorageEmulator(context, resources, { ...options, publisher: needed.pubSub?.publisher }),
});

export type { BucketState } from "./bucket";
export type { PublicObjects } from "./storage-emulator";
export type { StoredObject } from "./stored-object";
