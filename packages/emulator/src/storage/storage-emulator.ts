import type { ApiError } from "../core/api-error";
import type { Caller, EmulatorContext, EvaluatedResource } from "../core/emulator";
import { LoadProblems } from "../core/load-error";
import type { Emulator } from "../core/service";
import type { TopicPublisher } from "../pubsub/publisher";
import { Bucket, type BucketSettings, type BucketState, type MetadataPatch } from "./bucket";
import { readBucket, readNotification, readObject } from "./configuration";
import { type ListPage, type ListQuery, listObjects } from "./listing";
import { agent, Notifications } from "./notifications";
import { type Preconditions, requirePreconditions } from "./preconditions";
import { conditionNotMet, notFound } from "./storage-error";
import {
  type Checksums,
  itemOf,
  requireChecksums,
  requireName,
  type StoredObject,
  type WritableMetadata,
} from "./stored-object";

export interface StorageOptions {
  /** Relative `source`s of objects are read from here. @default - the working directory */
  readonly directory?: string;
  /** Publishes notifications. @default - none: a notification fails with NOT_FOUND */
  readonly publisher?: TopicPublisher;
  /** Objects of public buckets, which are not in the stack. @default - none */
  readonly publicObjects?: PublicObjects;
}

/** Bucket -> name -> object. Anybody may read them; no other object of these buckets exists. */
export type PublicObjects = Readonly<Record<string, Readonly<Record<string, PublicObject>>>>;

export interface PublicObject {
  readonly content: Buffer;
  readonly contentType: string;
  /**
   * Where the content comes from, for the object's metadata. The real object may hold something
   * else.
   */
  readonly source: string;
}

export interface GetOptions {
  /** @default - the live one */
  readonly generation?: number;
}

export interface PutOptions {
  readonly metadata?: WritableMetadata;
  readonly preconditions?: Preconditions;
  readonly checksums?: Checksums;
}

export interface DeleteOptions {
  readonly generation?: number;
  readonly preconditions?: Preconditions;
}

/**
 * Cloud Storage: buckets and objects with generations, preconditions and notifications, and IAM on
 * every call.
 */
export class StorageEmulator implements Emulator {
  /** Objects as they are written. */
  readonly written: StoredObject[] = [];
  private readonly buckets = new Map<string, Bucket>();
  private readonly notifications: Notifications;

  /**
   * @throws LoadError for resources that cannot be simulated; ApiError PERMISSION_DENIED when Cloud
   *   Storage's service agent may not publish to a notification's topic
   */
  constructor(
    private readonly context: EmulatorContext,
    resources: readonly EvaluatedResource[],
    options: StorageOptions = {},
  ) {
    const problems = new LoadProblems();
    const read = <T>(type: string, work: (resource: EvaluatedResource, index: number) => T): T[] =>
      resources
        .filter((resource) => resource.type === type)
        .flatMap((resource, index) => problems.attempt(resource.address, () => work(resource, index)) ?? []);
    const configs = read("google_storage_notification", (resource, index) => readNotification(resource, index + 1));
    const buckets = read("google_storage_bucket", readBucket);
    const objects = read("google_storage_bucket_object", (resource) => readObject(resource, options.directory ?? "."));
    problems.throwIfAny();
    this.notifications = new Notifications(context, configs, options.publisher);
    for (const settings of buckets) this.addBucket(settings);
    for (const [name, objects] of Object.entries(options.publicObjects ?? {})) this.addPublicBucket(name, objects);
    // Without the grant, creating a notification fails at once, since Cloud Storage tries the
    // topic.
    for (const { topic } of configs) {
      const name = topic.replace(/^\/\/pubsub\.googleapis\.com\//, "");
      context.authorizer.require(agent(context), "pubsub.topics.publish", name);
    }
    for (const { bucket, name, content, metadata, generation } of objects) {
      this.bucket(bucket).write(name, content, metadata, generation);
    }
  }

  pending(): number {
    return this.notifications.pending();
  }

  stop(): void {
    this.notifications.stop();
  }

  /**
   * The live objects of the stack's own buckets, in the order of their names, without asking IAM.
   */
  objects(): StoredObject[] {
    return [...this.buckets.values()]
      .filter(({ settings }) => !settings.public)
      .flatMap((bucket) => bucket.all("", false));
  }

  /** Of the stack's own buckets. */
  states(): BucketState[] {
    return [...this.buckets.values()].filter(({ settings }) => !settings.public).map((bucket) => bucket.state());
  }

  /** Needs `storage.buckets.get`. */
  getBucket(caller: Caller, name: string): Bucket {
    const bucket = this.bucket(name);
    this.require(caller, "storage.buckets.get", bucket);
    return bucket;
  }

  /**
   * Needs `storage.objects.get`, and `storage.objects.list` to learn that there is none.
   *
   * @throws ApiError NOT_FOUND, PERMISSION_DENIED
   */
  get(caller: Caller, bucketName: string, name: string, { generation }: GetOptions = {}): StoredObject {
    const bucket = this.bucket(bucketName);
    this.require(caller, "storage.objects.get", bucket, name);
    const object = bucket.find(name, generation);
    if (object) return object;
    this.require(caller, "storage.objects.list", bucket);
    throw missing(bucketName, name);
  }

  /**
   * Writes an object: needs `storage.objects.create`, and `storage.objects.delete` to overwrite
   * one.
   *
   * @throws ApiError NOT_FOUND for the bucket, PERMISSION_DENIED, INVALID_ARGUMENT, and 412 for
   *   preconditions
   */
  put(
    caller: Caller,
    bucketName: string,
    name: string,
    content: Buffer | string,
    options: PutOptions = {},
  ): StoredObject {
    const { metadata = {}, preconditions = {}, checksums = {} } = options;
    const bucket = this.bucket(bucketName);
    requireName(name);
    this.require(caller, "storage.objects.create", bucket, name);
    const before = bucket.find(name);
    requirePreconditions(preconditions, before);
    if (before) this.require(caller, "storage.objects.delete", bucket, name);
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content);
    requireChecksums(bytes, checksums);
    const written = bucket.write(name, bytes, { contentType: "application/octet-stream", ...metadata });
    this.context.recorder.made?.(itemOf(written), caller);
    return written;
  }

  /** Checks a write before its content is there, as at the beginning of a resumable upload. */
  checkPut(caller: Caller, bucketName: string, name: string, preconditions: Preconditions): void {
    const bucket = this.bucket(bucketName);
    requireName(name);
    this.require(caller, "storage.objects.create", bucket, name);
    requirePreconditions(preconditions, bucket.find(name));
  }

  /** Needs `storage.objects.list`. */
  list(caller: Caller, bucketName: string, query: ListQuery = {}): ListPage {
    const bucket = this.bucket(bucketName);
    this.require(caller, "storage.objects.list", bucket);
    return listObjects(bucket, query);
  }

  /** Needs `storage.objects.delete`. */
  delete(caller: Caller, bucketName: string, name: string, options: DeleteOptions = {}): void {
    const { generation, preconditions = {} } = options;
    const bucket = this.bucket(bucketName);
    this.require(caller, "storage.objects.delete", bucket, name);
    const object = bucket.find(name, generation);
    if (!object) throw Object.keys(preconditions).length > 0 ? conditionNotMet() : missing(bucketName, name);
    requirePreconditions(preconditions, object);
    bucket.delete(object, generation !== undefined);
  }

  /** Changes metadata: needs `storage.objects.get` and `storage.objects.update`. */
  patch(
    caller: Caller,
    bucketName: string,
    name: string,
    change: MetadataPatch,
    { generation, preconditions = {} }: DeleteOptions = {},
  ): StoredObject {
    const bucket = this.bucket(bucketName);
    const object = this.get(caller, bucketName, name, { generation });
    this.require(caller, "storage.objects.update", bucket, name);
    requirePreconditions(preconditions, object);
    return bucket.patch(object, change);
  }

  private addBucket(settings: BucketSettings): Bucket {
    const bucket = new Bucket(settings, this.context.clock, (change) => {
      if (change.type === "OBJECT_FINALIZE") this.written.push(change.object);
      this.notifications.publishChange(change);
    });
    this.buckets.set(settings.name, bucket);
    return bucket;
  }

  private addPublicBucket(name: string, objects: Readonly<Record<string, PublicObject>>): void {
    const bucket = this.addBucket({ name, location: "US", storageClass: "STANDARD", versioning: false, public: true });
    for (const [object, { content, contentType, source }] of Object.entries(objects)) {
      bucket.write(object, content, { contentType, metadata: { emulated: source } });
    }
  }

  private bucket(name: string): Bucket {
    const bucket = this.buckets.get(name);
    if (!bucket) throw notFound("The specified bucket does not exist.");
    return bucket;
  }

  private require(caller: Caller, permission: string, { settings }: Bucket, object?: string): void {
    if (settings.public && (permission === "storage.objects.get" || permission === "storage.objects.list")) return;
    const bucket = `projects/_/buckets/${settings.name}`;
    this.context.authorizer.require(caller, permission, object === undefined ? bucket : `${bucket}/objects/${object}`);
  }
}

function missing(bucket: string, name: string): ApiError {
  return notFound(`No such object: ${bucket}/${name}`);
}
