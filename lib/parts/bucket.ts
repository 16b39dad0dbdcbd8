import { StorageBucket, type StorageBucketConfig } from "@cdktf/provider-google/lib/storage-bucket";
import { StorageBucketIamMember } from "@cdktf/provider-google/lib/storage-bucket-iam-member";
import { StorageNotification } from "@cdktf/provider-google/lib/storage-notification";
import { Construct, type IConstruct } from "constructs";
import { Deployment } from "../core/deployment";
import type { Duration } from "../core/duration";
import { externalGrantee, type IGrantable } from "../core/grantee";
import { checkImportedName, resourceName } from "../core/names";
import { inSameStack, singleton } from "../core/stack";
import { literal } from "../core/terraform-text";
import { check, inBytes, inRange } from "../core/validation";
import type { EncryptionKey } from "./encryption-key";
import { grantOnce } from "./grants";
import type { IPublishTarget } from "./publish-target";
import { RequiredApis } from "./required-apis";
import { ServiceAgents } from "./service-agents";

/** A Cloud Storage bucket, whether this app creates it or not. */
export interface IBucket extends IConstruct {
  /** Name without `gs://`, known before anything is applied. */
  readonly name: string;
  /** Region or multi-region. Undefined where another app creates the bucket. */
  readonly location?: string;
  /** Lets a principal get and list objects. Grants `roles/storage.objectViewer` on the bucket. */
  grantRead(to: IGrantable): StorageBucketIamMember;
  /**
   * Lets a principal create objects, but neither overwrite nor delete them. Grants
   * `roles/storage.objectCreator` on the bucket.
   */
  grantCreate(to: IGrantable): StorageBucketIamMember;
  /**
   * Lets a principal read, create, overwrite and delete objects. Grants `roles/storage.objectUser`
   * on the bucket.
   */
  grantReadWrite(to: IGrantable): StorageBucketIamMember;
  /**
   * Publishes a message to the topic for each event.
   *
   * Grants `roles/pubsub.publisher` on the topic to the Cloud Storage service agent. Reports
   * OutOfRange and OtherStack.
   */
  notify(topic: IPublishTarget, options?: NotificationOptions): StorageNotification;
}

/** Events that Cloud Storage publishes. */
export type BucketEvent = "OBJECT_FINALIZE" | "OBJECT_METADATA_UPDATE" | "OBJECT_DELETE" | "OBJECT_ARCHIVE";

/** Options of {@link IBucket.notify}. */
export interface NotificationOptions {
  /**
   * Events that are published.
   * @default ["OBJECT_FINALIZE"]
   */
  readonly events?: readonly BucketEvent[];
  /**
   * Publishes only objects whose name begins with this: up to 1024 bytes of UTF-8.
   * @default - all objects
   */
  readonly prefix?: string;
}

/** Properties of {@link Bucket}. */
export interface BucketProps {
  /**
   * Globally unique: 3 to 63 of `a-z0-9._-`.
   * @default - made of project, construct path and environment
   */
  readonly name?: string;
  /**
   * Region or multi-region, such as `EU`.
   * @default - the region of the deployment
   */
  readonly location?: string;
  /**
   * Age at which objects are deleted: 1 to 36500 whole days.
   * @default - objects are kept
   */
  readonly deleteAfter?: Duration;
  /**
   * How long deleted objects can be restored: 0, or 7 to 90 days.
   * @default - Cloud Storage's own default of 7 days
   */
  readonly softDelete?: Duration;
  /**
   * Keeps overwritten and deleted objects as noncurrent versions. They are billed until
   * `deleteAfter` or a lifecycle rule of your own deletes them.
   * @default - `versionedBuckets` of the deployment, which is false
   */
  readonly versioning?: boolean;
  /**
   * Bucket that receives Cloud Storage's usage logs, hourly CSV files of all requests, under the
   * prefix `<name of this bucket>/`. Grants `roles/storage.objectCreator` on it to
   * `group:cloud-storage-analytics@google.com`, which writes them.
   * @default - `accessLogBucket` of the deployment, which is none
   */
  readonly accessLogs?: IBucket;
  /**
   * Lets `terraform destroy` delete the bucket with all its objects.
   * @default false
   */
  readonly forceDestroy?: boolean;
  /**
   * Key that encrypts the objects.
   * @default - Google's keys
   */
  readonly encryptionKey?: EncryptionKey;
  /**
   * Shallow overrides of the inner `google_storage_bucket`.
   * @default - none
   */
  readonly overrides?: Partial<StorageBucketConfig>;
}

abstract class BucketBase extends Construct implements IBucket {
  abstract readonly name: string;
  /** The name as Terraform knows it, so that grants and notifications come after the bucket. */
  protected abstract readonly reference: string;

  grantRead(to: IGrantable): StorageBucketIamMember {
    return this.grant("roles/storage.objectViewer", to);
  }

  grantCreate(to: IGrantable): StorageBucketIamMember {
    return this.grant("roles/storage.objectCreator", to);
  }

  grantReadWrite(to: IGrantable): StorageBucketIamMember {
    return this.grant("roles/storage.objectUser", to);
  }

  notify(topic: IPublishTarget, options: NotificationOptions = {}): StorageNotification {
    check(this, [inBytes("prefix of the notification", options.prefix, 1024)]);
    const remedy = "import one of the two by name: Bucket.fromName(stack, id, name).notify(…), or Topic.fromName(…)";
    const publisher = inSameStack(this, topic, remedy) ? [topic.grantPublish(ServiceAgents.of(this).storage)] : [];
    return new StorageNotification(this, `notify-${topic.node.id}`, {
      bucket: this.reference,
      topic: topic.topicId,
      payloadFormat: "JSON_API_V1",
      eventTypes: [...(options.events ?? ["OBJECT_FINALIZE"])],
      objectNamePrefix: literal(options.prefix),
      // Cloud Storage tries the topic when the notification is created.
      dependsOn: publisher,
    });
  }

  private grant(role: string, to: IGrantable): StorageBucketIamMember {
    return grantOnce(
      this,
      role,
      to,
      (id, grant) => new StorageBucketIamMember(this, id, { bucket: this.reference, ...grant }),
    );
  }
}

/**
 * The group that writes usage logs (https://cloud.google.com/storage/docs/access-logs#delivery,
 * read 2026-11).
 */
const LOG_WRITERS = externalGrantee("group:cloud-storage-analytics@google.com");

/**
 * A private bucket: uniform access, public access prevented, not destroyed while it holds objects.
 */
export class Bucket extends BucketBase {
  /**
   * A bucket that this app does not create. Reports InvalidName.
   *
   * @param name without `gs://`
   */
  static fromName(scope: Construct, id: string, name: string): IBucket {
    const bucket = new ImportedBucket(scope, id, name);
    checkImportedName(bucket, "bucket", name);
    return bucket;
  }

  /** The inner `google_storage_bucket`. */
  readonly resource: StorageBucket;
  /** Name without `gs://`, known before anything is applied. */
  readonly name: string;
  /** Region or multi-region, in lower or upper case. */
  readonly location: string;
  protected readonly reference: string;

  constructor(scope: Construct, id: string, props: BucketProps = {}) {
    super(scope, id);
    const { deleteAfter, softDelete, encryptionKey } = props;
    check(this, [
      inRange("deleteAfter", deleteAfter && deleteAfter.toSeconds() / 86400, {
        min: 1,
        max: 36500,
        unit: "days",
        integer: true,
      }),
      {
        code: "OutOfRange",
        broken:
          softDelete !== undefined &&
          softDelete.toSeconds() !== 0 &&
          (softDelete.toDays() < 7 || softDelete.toSeconds() > 90 * 86400),
        message: `softDelete is ${softDelete}; allowed is 0 or 7 to 90 days`,
      },
    ]);

    const deployment = Deployment.of(this);
    this.name = resourceName(this, "bucket", props.name);
    this.location = props.location ?? deployment.region;
    const accessLogs = this.logBucket(props.accessLogs);
    this.resource = new StorageBucket(this, "Resource", {
      project: deployment.project,
      name: this.name,
      location: literal(this.location.toUpperCase()),
      uniformBucketLevelAccess: true,
      publicAccessPrevention: "enforced",
      forceDestroy: props.forceDestroy ?? false,
      labels: deployment.labels,
      lifecycleRule: deleteAfter
        ? [{ action: { type: "Delete" }, condition: { age: deleteAfter.toDays() } }]
        : undefined,
      softDeletePolicy: softDelete && { retentionDurationSeconds: softDelete.toSeconds() },
      versioning: (props.versioning ?? deployment.versionedBuckets) ? { enabled: true } : undefined,
      logging: accessLogs && { logBucket: literal(accessLogs.name), logObjectPrefix: `${this.name}/` },
      encryption: encryptionKey && { defaultKmsKeyName: encryptionKey.name },
      dependsOn: [
        ...RequiredApis.of(this).ready("storage"),
        ...(encryptionKey ? [encryptionKey.grantUse(this, ServiceAgents.of(this).storage)] : []),
        ...(accessLogs ? [accessLogs.grantCreate(LOG_WRITERS)] : []),
      ],
      ...props.overrides,
    });
    this.reference = this.resource.name;
  }

  /** Where usage logs go. Never to the bucket itself, which would log each delivery again. */
  private logBucket(given: IBucket | undefined): IBucket | undefined {
    const name = Deployment.of(this).accessLogBucket;
    const shared = name && singleton(this, "access-logs", (stack) => new ImportedBucket(stack, "access-logs", name));
    const bucket = given ?? (shared || undefined);
    return bucket?.name === this.name ? undefined : bucket;
  }
}

class ImportedBucket extends BucketBase {
  constructor(
    scope: Construct,
    id: string,
    readonly name: string,
  ) {
    super(scope, id);
  }

  protected get reference(): string {
    return this.name;
  }
}
