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

/** A bucket, whether made here or elsewhere. */
export interface IBucket extends IConstruct {
  /** Name without `gs://`, known before anything is applied. */
  readonly name: string;
  /** Grants `roles/storage.objectViewer` on the bucket: get and list objects. */
  grantRead(to: IGrantable): StorageBucketIamMember;
  /** Grants `roles/storage.objectCreator` on the bucket: create objects, but neither overwrite nor delete them. */
  grantCreate(to: IGrantable): StorageBucketIamMember;
  /** Grants `roles/storage.objectUser` on the bucket: read, create, overwrite and delete objects. */
  grantReadWrite(to: IGrantable): StorageBucketIamMember;
  /** Publishes a message to the topic for each event; the publisher grant comes with it. */
  notify(topic: IPublishTarget, options?: NotificationOptions): StorageNotification;
}

export type BucketEvent = "OBJECT_FINALIZE" | "OBJECT_METADATA_UPDATE" | "OBJECT_DELETE" | "OBJECT_ARCHIVE";

export interface NotificationOptions {
  /**
   * Which changes are told.
   * @default ["OBJECT_FINALIZE"]
   */
  readonly events?: readonly BucketEvent[];
  /**
   * Only objects whose name begins so: up to 1024 bytes of UTF-8.
   * @default - all objects
   */
  readonly prefix?: string;
}

export interface BucketProps {
  /**
   * Globally unique name.
   * @default - made of project, construct path and environment
   */
  readonly name?: string;
  /**
   * Region or multi-region.
   * @default - the region of the deployment
   */
  readonly location?: string;
  /**
   * Deletes objects of this age, in whole days.
   * @default - objects are kept
   */
  readonly deleteAfter?: Duration;
  /**
   * How long deleted objects can be restored: 0, or 7 to 90 days.
   * @default - Cloud Storage's own default of 7 days
   */
  readonly softDelete?: Duration;
  /**
   * Keeps what is overwritten or deleted as noncurrent versions, which are stored and paid for until `deleteAfter` or a
   * lifecycle rule of your own deletes them.
   * @default - `versionedBuckets` of the deployment, which is false
   */
  readonly versioning?: boolean;
  /**
   * Receives Cloud Storage's usage logs, hourly CSV files of every request, under the prefix `<name of this bucket>/`.
   * Grants `roles/storage.objectCreator` on that bucket to `group:cloud-storage-analytics@google.com`, which writes them.
   * @default - `accessLogBucket` of the deployment, which is none
   */
  readonly accessLogs?: IBucket;
  /**
   * Lets `terraform destroy` delete the bucket with all that is in it.
   * @default false
   */
  readonly forceDestroy?: boolean;
  /**
   * @default - encrypted with Google's keys
   */
  readonly encryptionKey?: EncryptionKey;
  /** Shallow overrides of the inner `google_storage_bucket`. */
  readonly overrides?: Partial<StorageBucketConfig>;
}

abstract class BucketBase extends Construct implements IBucket {
  abstract readonly name: string;
  /** The name as Terraform knows it, so that what is made of it comes after the bucket. */
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
      // Cloud Storage tries the topic when the notification is made.
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
 * The group by which Cloud Storage delivers usage logs
 * (https://cloud.google.com/storage/docs/access-logs#delivery, read 2026-11).
 */
const LOG_WRITERS = externalGrantee("group:cloud-storage-analytics@google.com");

/** A private bucket: uniform access, public access prevented, not destroyed while objects are in it. */
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

  readonly resource: StorageBucket;
  readonly name: string;
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
    const accessLogs = this.logBucket(props.accessLogs);
    this.resource = new StorageBucket(this, "Resource", {
      project: deployment.project,
      name: this.name,
      location: literal((props.location ?? deployment.region).toUpperCase()),
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

  /** Where usage logs go; never to the bucket itself, each delivery would be logged again. */
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
