import { Duration } from "../../lib/core/duration";
import { externalGrantee } from "../../lib/core/grantee";
import { Bucket, type BucketProps } from "../../lib/parts/bucket";
import { DeadLetter } from "../../lib/parts/dead-letter";
import { EncryptionKey } from "../../lib/parts/encryption-key";
import { Filter } from "../../lib/parts/filter";
import type { GoogleStack } from "../../lib/parts/google-stack";
import type { PushSubscriptionProps } from "../../lib/parts/push-subscription";
import type { SubscriptionProps } from "../../lib/parts/subscription";
import { Topic } from "../../lib/parts/topic";
import { grantLines } from "./iam";
import {
  all,
  type Edges,
  errorsOf,
  expectEdges,
  only,
  synthesized,
  testFunction,
  testStack,
  thrownBy,
} from "./support";

const TOPIC = "google_pubsub_topic";
const SUBSCRIPTION = "google_pubsub_subscription";
const BUCKET = "google_storage_bucket";
const KEY = "projects/acme-ml/locations/us-central1/keyRings/ml/cryptoKeys/data";
const reader = externalGrantee("group:ml@acme.com");

/** The grants of a stack without those of the function build. */
function grants(stack: GoogleStack): string[] {
  return grantLines(stack).filter((line) => !line.startsWith("stack-build"));
}

describe("Topic", () => {
  test("keeps nothing and takes any message by default", () => {
    const stack = testStack();
    const topic = new Topic(stack, "events");
    expect(topic.fullName).toBe("projects/acme-ml/topics/stack-events-dev");
    expect(only(stack, TOPIC)).toEqual({
      name: "stack-events-dev",
      project: "acme-ml",
      labels: { environment: "dev", stack: "stack" },
      depends_on: [
        expect.stringMatching(/^google_project_service\.apis_pubsub_/),
        expect.stringMatching(/^time_sleep\.apis_take-effect_/),
      ],
    });
  });

  test("everything that can be set arrives, the schema as a resource of its own", () => {
    const stack = testStack();
    new Topic(stack, "events", {
      name: "my-events",
      messageRetention: Duration.days(1),
      schema: { type: "AVRO", definition: '{"type":"record","name":"Event","fields":[]}' },
      encryptionKey: new EncryptionKey(stack, "key", KEY),
      overrides: { labels: { team: "vision" } },
    });
    expect(only(stack, TOPIC)).toMatchObject({
      name: "my-events",
      message_retention_duration: "86400s",
      schema_settings: { encoding: "JSON", schema: expect.stringMatching(/^\$\{google_pubsub_schema\..*\.id\}$/) },
      kms_key_name: KEY,
      labels: { team: "vision" },
    });
    expect(only(stack, "google_pubsub_schema")).toMatchObject({
      name: "stack-events-schema-dev",
      type: "AVRO",
      definition: '{"type":"record","name":"Event","fields":[]}',
    });
    expect(grants(stack)).toEqual([
      `service agent gcp-sa-pubsub | roles/cloudkms.cryptoKeyEncrypterDecrypter | key ${KEY}`,
    ]);
  });

  test("messages in binary are a choice", () => {
    const stack = testStack();
    new Topic(stack, "events", {
      schema: { type: "PROTOCOL_BUFFER", definition: "message Event {}", encoding: "BINARY" },
    });
    expect(only(stack, TOPIC)).toMatchObject({ schema_settings: { encoding: "BINARY" } });
  });

  test("publishing is granted on the topic, once", () => {
    const stack = testStack();
    const topic = new Topic(stack, "events");
    expect(topic.grantPublish(reader)).toBe(topic.grantPublish(reader));
    expect(grants(stack)).toEqual(["group:ml@acme.com | roles/pubsub.publisher | topic stack-events-dev"]);
  });

  test("one that is not ours is granted on and subscribed to by its name", () => {
    const stack = testStack();
    const topic = Topic.fromName(stack, "events", "their-events");
    topic.grantPublish(reader);
    topic.addPullSubscription("mine");
    expect(topic.name).toBe("their-events");
    expect(all(stack, TOPIC)).toEqual([]);
    expect(only(stack, SUBSCRIPTION)).toMatchObject({ topic: "projects/acme-ml/topics/their-events" });
    expect(grants(stack)).toEqual(["group:ml@acme.com | roles/pubsub.publisher | topic their-events"]);
  });

  const edges: Edges[] = [
    {
      what: "messageRetention",
      create: (stack, value) => new Topic(stack, "events", { messageRetention: Duration.seconds(value) }),
      low: 600,
      high: 2678400,
      errors: (value) => [
        `[stack/events] OutOfRange: messageRetention is ${value} seconds; allowed is from 600 to 2678400 seconds`,
      ],
    },
  ];
  test.each(edges)("$what: both ends are allowed, what lies beyond is reported", expectEdges);
});

describe("push subscription", () => {
  function subscribed(stack: GoogleStack, props: PushSubscriptionProps = {}, timeout = 60) {
    const worker = testFunction(stack, "worker", { timeout: Duration.seconds(timeout) });
    return new Topic(stack, "events").addPushSubscription("push", worker, props);
  }

  test("never expires, backs off, and presents an identity of its own by default", () => {
    const stack = testStack();
    subscribed(stack);
    const uri = expect.stringMatching(/^\$\{google_cloudfunctions2_function\.worker_\w+\.service_config\[0\]\.uri\}$/);
    const subscription = only(stack, SUBSCRIPTION);
    expect(subscription).toMatchObject({
      name: "stack-events-push-dev",
      topic: expect.stringMatching(/^\$\{google_pubsub_topic\.events_\w+\.id\}$/),
      ack_deadline_seconds: 60,
      message_retention_duration: "604800s",
      expiration_policy: { ttl: "" },
      enable_message_ordering: false,
      retry_policy: { minimum_backoff: "10s", maximum_backoff: "600s" },
      push_config: {
        push_endpoint: uri,
        oidc_token: {
          audience: uri,
          service_account_email: expect.stringMatching(/^\$\{google_service_account\.events_push_caller_\w+\.email\}$/),
        },
      },
    });
    expect(subscription).not.toHaveProperty("filter");
    expect(subscription).not.toHaveProperty("dead_letter_policy");
    expect(grants(stack)).toEqual(["stack-events-push-caller-dev | roles/run.invoker | function stack-worker-dev"]);
  });

  test("a dead letter brings both grants of the Pub/Sub agent, and the function may hand over by itself", () => {
    const stack = testStack();
    subscribed(stack, { deadLetter: new DeadLetter(stack, "dead-letter"), maxDeliveryAttempts: 7 });
    expect(only(stack, SUBSCRIPTION, "stack-events-push-dev")).toMatchObject({
      dead_letter_policy: {
        dead_letter_topic: expect.stringMatching(/^\$\{google_pubsub_topic\.dead-letter_topic_\w+\.id\}$/),
        max_delivery_attempts: 7,
      },
      depends_on: expect.arrayContaining([
        expect.stringMatching(/^google_pubsub_topic_iam_member\.dead-letter_topic_publisher-pubsub-agent_/),
        expect.stringMatching(/^google_cloud_run_v2_service_iam_member\.worker_invoker-/),
      ]),
    });
    expect(only(stack, "google_cloudfunctions2_function")).toMatchObject({
      service_config: {
        environment_variables: { DEAD_LETTER_TOPIC: "projects/acme-ml/topics/stack-dead-letter-dev" },
      },
    });
    expect(grants(stack)).toEqual([
      "service agent gcp-sa-pubsub | roles/pubsub.publisher | topic stack-dead-letter-dev",
      "service agent gcp-sa-pubsub | roles/pubsub.subscriber | subscription stack-events-push-dev",
      "stack-events-push-caller-dev | roles/run.invoker | function stack-worker-dev",
      "stack-worker-dev | roles/pubsub.publisher | topic stack-dead-letter-dev",
    ]);
  });

  test("a function that hands nothing over is granted nothing on the dead letter, to which Pub/Sub forwards all the same", () => {
    const stack = testStack();
    subscribed(stack, { deadLetter: new DeadLetter(stack, "dead-letter"), useDeadLetter: false });
    const variable = "service_config.environment_variables.DEAD_LETTER_TOPIC";
    expect(only(stack, "google_cloudfunctions2_function")).not.toHaveProperty(variable);
    expect(grants(stack)).toEqual([
      "service agent gcp-sa-pubsub | roles/pubsub.publisher | topic stack-dead-letter-dev",
      "service agent gcp-sa-pubsub | roles/pubsub.subscriber | subscription stack-events-push-dev",
      "stack-events-push-caller-dev | roles/run.invoker | function stack-worker-dev",
    ]);
  });

  test("an old project's Pub/Sub agent may be let mint the caller's tokens, of the caller only", () => {
    const stack = testStack();
    subscribed(stack, { grantTokenCreator: true });
    expect(grants(stack)).toContain(
      "service agent gcp-sa-pubsub | roles/iam.serviceAccountOpenIdTokenCreator | service account stack-events-push-caller-dev",
    );
  });

  test("a function that is quicker than Pub/Sub's shortest deadline gets that deadline", () => {
    const stack = testStack();
    subscribed(stack, {}, 5);
    expect(only(stack, SUBSCRIPTION)).toMatchObject({ ack_deadline_seconds: 10 });
  });

  test("a function that may take longer than Pub/Sub waits is refused", () => {
    const stack = testStack();
    subscribed(stack, {}, 601);
    expect(errorsOf(stack)).toEqual([
      "[stack/events/push] TimeoutTooLong: the timeout of [stack/worker] is 601s; allowed for a push subscription are up to 600s",
    ]);
    const longest = testStack();
    subscribed(longest, {}, 600);
    expect(errorsOf(longest)).toEqual([]);
  });

  test("a deadline that ends before the function does is refused", () => {
    const stack = testStack();
    subscribed(stack, { ackDeadline: Duration.seconds(59) });
    expect(errorsOf(stack)).toEqual([
      "[stack/events/push] DeadlineTooShort: ackDeadline is 59s, shorter than the timeout of [stack/worker], which is 60s: a message would be delivered again while the worker still works",
    ]);
  });

  test("a deadline longer than Pub/Sub allows is refused, not shortened", () => {
    const stack = testStack();
    subscribed(stack, { ackDeadline: Duration.seconds(601) });
    expect(errorsOf(stack)).toEqual([
      "[stack/events/push] OutOfRange: ackDeadline is 601 seconds; allowed is a whole number from 10 to 600 seconds",
    ]);
  });

  test("anything else of the resource can be overridden", () => {
    const stack = testStack();
    subscribed(stack, { overrides: { enableExactlyOnceDelivery: true } });
    expect(only(stack, SUBSCRIPTION)).toMatchObject({ enable_exactly_once_delivery: true });
  });
});

describe("pull subscription", () => {
  function pulled(stack: GoogleStack, props: SubscriptionProps = {}) {
    return new Topic(stack, "events").addPullSubscription("pull", props);
  }

  test("never expires and has no push endpoint", () => {
    const stack = testStack();
    pulled(stack);
    const subscription = only(stack, SUBSCRIPTION);
    expect(subscription).toMatchObject({ ack_deadline_seconds: 10, expiration_policy: { ttl: "" } });
    expect(subscription).not.toHaveProperty("push_config");
    expect(grants(stack)).toEqual([]);
  });

  test("everything that can be set arrives", () => {
    const stack = testStack();
    pulled(stack, {
      name: "my-messages",
      filter: Filter.has("modality"),
      ackDeadline: Duration.minutes(1),
      retention: Duration.days(1),
      ordered: true,
      deadLetter: new DeadLetter(stack, "dead-letter"),
      minBackoff: Duration.seconds(1),
      maxBackoff: Duration.seconds(2),
      overrides: { retainAckedMessages: true },
    });
    expect(only(stack, SUBSCRIPTION, "my-messages")).toMatchObject({
      filter: "attributes:modality",
      ack_deadline_seconds: 60,
      message_retention_duration: "86400s",
      enable_message_ordering: true,
      dead_letter_policy: { max_delivery_attempts: 20 },
      retry_policy: { minimum_backoff: "1s", maximum_backoff: "2s" },
      retain_acked_messages: true,
    });
  });

  test("consuming is granted on the subscription, once", () => {
    const stack = testStack();
    const subscription = pulled(stack);
    subscription.grantConsume(reader);
    subscription.grantConsume(reader);
    expect(grants(stack)).toEqual(["group:ml@acme.com | roles/pubsub.subscriber | subscription stack-events-pull-dev"]);
  });

  const pulledWith = (props: (value: number) => SubscriptionProps) => (stack: GoogleStack, value: number) =>
    pulled(stack, props(value));
  const PULL = "[stack/events/pull] OutOfRange:";
  const edges: Edges[] = [
    {
      what: "ackDeadline",
      create: pulledWith((value) => ({ ackDeadline: Duration.seconds(value) })),
      low: 10,
      high: 600,
      beyond: [9, 601, 10.5],
      errors: (value) => [`${PULL} ackDeadline is ${value} seconds; allowed is a whole number from 10 to 600 seconds`],
    },
    {
      what: "retention",
      create: pulledWith((value) => ({ retention: Duration.seconds(value) })),
      low: 600,
      high: 2678400,
      errors: (value) => [`${PULL} retention is ${value} seconds; allowed is from 600 to 2678400 seconds`],
    },
    {
      what: "minBackoff",
      create: pulledWith((value) => ({ minBackoff: Duration.seconds(value) })),
      low: 0,
      high: 600,
      beyond: [601],
      errors: (value) => [
        `${PULL} minBackoff is ${value} seconds; allowed is from 0 to 600 seconds`,
        `${PULL} minBackoff is ${value}s, longer than maxBackoff, which is 600s`,
      ],
    },
    {
      what: "maxBackoff",
      create: pulledWith((value) => ({ minBackoff: Duration.zero, maxBackoff: Duration.seconds(value) })),
      low: 0,
      high: 600,
      beyond: [601],
      errors: (value) => [`${PULL} maxBackoff is ${value} seconds; allowed is from 0 to 600 seconds`],
    },
    {
      what: "minBackoff beside maxBackoff",
      create: pulledWith((value) => ({ minBackoff: Duration.seconds(value), maxBackoff: Duration.seconds(20) })),
      low: 0,
      high: 20,
      beyond: [21],
      errors: (value) => [`${PULL} minBackoff is ${value}s, longer than maxBackoff, which is 20s`],
    },
    {
      what: "maxDeliveryAttempts",
      create: pulledWith((value) => ({ maxDeliveryAttempts: value })),
      low: 5,
      high: 100,
      beyond: [4, 101, 5.5],
      errors: (value) => [`${PULL} maxDeliveryAttempts is ${value}; allowed is a whole number from 5 to 100`],
    },
  ];
  test.each(edges)("$what: both ends are allowed, what lies beyond is reported", expectEdges);
});

describe("DeadLetter", () => {
  test("keeps what it gets as long as Pub/Sub can, and never expires", () => {
    const stack = testStack();
    new DeadLetter(stack, "dead-letter");
    expect(only(stack, TOPIC)).toMatchObject({ name: "stack-dead-letter-dev" });
    expect(only(stack, SUBSCRIPTION)).toMatchObject({
      name: "stack-dead-letter-kept-dev",
      message_retention_duration: "2678400s",
      expiration_policy: { ttl: "" },
    });
  });

  test("is read by those who are granted", () => {
    const stack = testStack();
    new DeadLetter(stack, "dead-letter").grantConsume(reader);
    expect(grants(stack)).toEqual([
      "group:ml@acme.com | roles/pubsub.subscriber | subscription stack-dead-letter-kept-dev",
    ]);
  });
});

describe("Filter", () => {
  const text = Filter.equals("modality", "text");
  const image = Filter.equals("modality", "image");

  test.each([
    [Filter.has("modality"), "attributes:modality"],
    [text, 'attributes.modality = "text"'],
    [Filter.notEquals("modality", "text"), 'attributes.modality != "text"'],
    [Filter.hasPrefix("source", "gs://"), 'hasPrefix(attributes.source, "gs://")'],
    [Filter.and(text, Filter.has("id")), 'attributes.modality = "text" AND attributes:id'],
    [Filter.or(text, image), 'attributes.modality = "text" OR attributes.modality = "image"'],
    [
      Filter.and(Filter.or(text, image), Filter.has("id")),
      '(attributes.modality = "text" OR attributes.modality = "image") AND attributes:id',
    ],
    [Filter.not(text), 'NOT attributes.modality = "text"'],
    [Filter.not(Filter.or(text, image)), 'NOT (attributes.modality = "text" OR attributes.modality = "image")'],
    [Filter.and(text), 'attributes.modality = "text"'],
    [Filter.equals("ce-type", "a"), 'attributes.ce-type = "a"'],
    [Filter.equals("my key", 'a "b" \\ c'), 'attributes."my key" = "a \\"b\\" \\\\ c"'],
  ])("%# is written as %s", (filter, notation) => {
    expect(filter.toString()).toBe(notation);
  });

  test("may have 256 bytes, and not one more", () => {
    const rest = Buffer.byteLength(Filter.equals("k", "").toString());
    expect(Buffer.byteLength(Filter.equals("k", "a".repeat(256 - rest)).toString())).toBe(256);
    expect(thrownBy(() => Filter.equals("k", "a".repeat(257 - rest)))).toMatch(
      /^InvalidFilter: filter attributes\.k = "a+" has 257 bytes; allowed are up to 256$/,
    );
    expect(thrownBy(() => Filter.equals("k", "é".repeat(128)))).toContain("has 273 bytes");
  });

  test("of no filters, and of no attribute, is refused", () => {
    expect(thrownBy(() => Filter.and())).toBe("InvalidFilter: AND has no filters; allowed are one or more");
    expect(thrownBy(() => Filter.or())).toBe("InvalidFilter: OR has no filters; allowed are one or more");
    expect(thrownBy(() => Filter.has(""))).toBe("InvalidFilter: an attribute key is empty; allowed are 1 to 256 bytes");
  });
});

describe("Bucket", () => {
  test("is private, kept with its objects and in the deployment's region by default", () => {
    const stack = testStack();
    new Bucket(stack, "data");
    expect(only(stack, BUCKET)).toEqual({
      name: "acme-ml-stack-data-dev",
      project: "acme-ml",
      location: "US-CENTRAL1",
      uniform_bucket_level_access: true,
      public_access_prevention: "enforced",
      force_destroy: false,
      labels: { environment: "dev", stack: "stack" },
      depends_on: [
        expect.stringMatching(/^google_project_service\.apis_storage_/),
        expect.stringMatching(/^time_sleep\.apis_take-effect_/),
      ],
    });
  });

  test("everything that can be set arrives", () => {
    const stack = testStack();
    new Bucket(stack, "data", {
      name: "my-data",
      location: "eu",
      deleteAfter: Duration.days(30),
      softDelete: Duration.days(7),
      forceDestroy: true,
      encryptionKey: new EncryptionKey(stack, "key", KEY),
      overrides: { versioning: { enabled: true } },
    });
    expect(only(stack, BUCKET)).toMatchObject({
      name: "my-data",
      location: "EU",
      lifecycle_rule: [{ action: { type: "Delete" }, condition: { age: 30 } }],
      soft_delete_policy: { retention_duration_seconds: 604800 },
      force_destroy: true,
      encryption: { default_kms_key_name: KEY },
      versioning: { enabled: true },
    });
    expect(grants(stack)).toEqual([
      `service agent of storage | roles/cloudkms.cryptoKeyEncrypterDecrypter | key ${KEY}`,
    ]);
  });

  // https://cloud.google.com/storage/docs/access-logs, "Delivery": the group that writes usage logs needs objectCreator.
  test("usage logs go to the given bucket, once Cloud Storage may write there", () => {
    const stack = testStack();
    const logs = new Bucket(stack, "logs");
    new Bucket(stack, "data", { name: "my-data", versioning: true, accessLogs: logs });
    const data = only(stack, BUCKET, "my-data");
    expect(data).toMatchObject({
      versioning: { enabled: true },
      logging: { log_bucket: "acme-ml-stack-logs-dev", log_object_prefix: "my-data/" },
    });
    expect(data.depends_on).toContainEqual(
      expect.stringMatching(/^google_storage_bucket_iam_member\.logs_objectCreator/),
    );
    expect(grants(stack)).toEqual([
      "group:cloud-storage-analytics@google.com | roles/storage.objectCreator | bucket acme-ml-stack-logs-dev",
    ]);
  });

  test("what the deployment says of buckets holds for each, but a bucket never logs to itself and may say otherwise", () => {
    const stack = testStack({ versionedBuckets: true, accessLogBucket: "acme-logs" });
    new Bucket(stack, "one");
    new Bucket(stack, "two", { versioning: false });
    new Bucket(stack, "logs", { name: "acme-logs" });
    const one = only(stack, BUCKET, "acme-ml-stack-one-dev");
    expect(one).toMatchObject({ versioning: { enabled: true }, logging: { log_bucket: "acme-logs" } });
    expect(only(stack, BUCKET, "acme-ml-stack-two-dev")).not.toHaveProperty("versioning");
    expect(only(stack, BUCKET, "acme-logs")).not.toHaveProperty("logging");
    expect(grants(stack)).toEqual([
      "group:cloud-storage-analytics@google.com | roles/storage.objectCreator | bucket acme-logs",
    ]);
  });

  test("a log bucket that cannot be one is an error", () => {
    expect(errorsOf(testStack({ accessLogBucket: "gs://logs" }))).toEqual([
      '[stack] InvalidValue: accessLogBucket is "gs://logs"; allowed is the name of a Cloud Storage bucket, without gs://',
    ]);
  });

  test.each(["own", "imported"])("roles on an %s bucket are the narrowest that do, each granted once", (kind) => {
    const stack = testStack();
    const bucket =
      kind === "own" ? new Bucket(stack, "data", { name: "a-bucket" }) : Bucket.fromName(stack, "data", "a-bucket");
    for (const _ of [1, 2]) {
      bucket.grantRead(reader);
      bucket.grantCreate(reader);
      bucket.grantReadWrite(reader);
    }
    expect(grants(stack)).toEqual([
      "group:ml@acme.com | roles/storage.objectCreator | bucket a-bucket",
      "group:ml@acme.com | roles/storage.objectUser | bucket a-bucket",
      "group:ml@acme.com | roles/storage.objectViewer | bucket a-bucket",
    ]);
    expect(all(stack, BUCKET)).toHaveLength(kind === "own" ? 1 : 0);
  });

  test("tells a topic of new objects, once its agent may publish there", () => {
    const stack = testStack();
    new Bucket(stack, "data").notify(new Topic(stack, "events"));
    expect(only(stack, "google_storage_notification")).toEqual({
      bucket: expect.stringMatching(/^\$\{google_storage_bucket\.data_\w+\.name\}$/),
      topic: expect.stringMatching(/^\$\{google_pubsub_topic\.events_\w+\.id\}$/),
      payload_format: "JSON_API_V1",
      event_types: ["OBJECT_FINALIZE"],
      depends_on: [expect.stringMatching(/^google_pubsub_topic_iam_member\.events_publisher-storage-agent_/)],
    });
    expect(grants(stack)).toEqual(["service agent of storage | roles/pubsub.publisher | topic stack-events-dev"]);
  });

  test("tells of other events and of a prefix where asked to", () => {
    const stack = testStack();
    Bucket.fromName(stack, "data", "their-data").notify(new Topic(stack, "events"), {
      events: ["OBJECT_DELETE", "OBJECT_ARCHIVE"],
      prefix: "inbox/",
    });
    expect(only(stack, "google_storage_notification")).toMatchObject({
      bucket: "their-data",
      event_types: ["OBJECT_DELETE", "OBJECT_ARCHIVE"],
      object_name_prefix: "inbox/",
    });
  });

  const bucketWith = (props: (days: number) => BucketProps) => (stack: GoogleStack, days: number) =>
    new Bucket(stack, "data", props(days));
  const edges: Edges[] = [
    {
      what: "deleteAfter",
      create: bucketWith((days) => ({ deleteAfter: Duration.days(days) })),
      low: 1,
      high: 36500,
      beyond: [0, 0.5, 1.5, 36501],
      errors: (days) => [
        `[stack/data] OutOfRange: deleteAfter is ${days} days; allowed is a whole number from 1 to 36500 days`,
      ],
    },
    {
      what: "softDelete",
      create: bucketWith((days) => ({ softDelete: Duration.days(days) })),
      low: 7,
      high: 90,
      beyond: [1, 6.5, 90.5],
      errors: (days) => [`[stack/data] OutOfRange: softDelete is ${Duration.days(days)}; allowed is 0 or 7 to 90 days`],
    },
  ];
  test.each(edges)("$what: both ends are allowed, what lies beyond is reported", expectEdges);

  test("objects need not be restorable", () => {
    const stack = testStack();
    new Bucket(stack, "data", { softDelete: Duration.zero });
    expect(only(stack, BUCKET)).toMatchObject({ soft_delete_policy: { retention_duration_seconds: 0 } });
  });
});

test("the JSON of messaging has no service agent that nothing needs", () => {
  const stack = testStack();
  new Topic(stack, "events");
  expect(synthesized(stack).data).toBeUndefined();
});
