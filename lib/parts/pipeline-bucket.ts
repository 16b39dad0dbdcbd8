import { StorageBucketObject } from "@cdktf/provider-google/lib/storage-bucket-object";
import { Construct } from "constructs";
import type { BeamYaml } from "../core/beam-yaml";
import { Duration } from "../core/duration";
import { singleton, uploadId } from "../core/stack";
import { literal } from "../core/terraform-text";
import { Bucket } from "./bucket";
import type { EncryptionKey } from "./encryption-key";

/**
 * The bucket with the Beam pipelines of a stack. Jobs with an encryption key have another bucket,
 * one for each key.
 */
export class PipelineBucket extends Construct {
  /** The bucket of the stack of `scope`, for the key where one is given. */
  static of(scope: Construct, key?: EncryptionKey): PipelineBucket {
    const id = key ? `pipelines-${key.id}` : "pipelines";
    return singleton(scope, id, (stack) => new PipelineBucket(stack, id, key));
  }

  readonly bucket: Bucket;
  /** `gs://…` by hash of the content. */
  private readonly uploaded = new Map<string, string>();

  constructor(scope: Construct, id: string, encryptionKey?: EncryptionKey) {
    super(scope, id);
    // As with function sources: the repository has them.
    this.bucket = new Bucket(this, "bucket", { forceDestroy: true, softDelete: Duration.zero, encryptionKey });
  }

  /**
   * Uploads a pipeline. Jobs of the same one share the object.
   *
   * @returns `gs://<bucket>/<object>`, known before anything is applied
   */
  upload({ name, text, sha256 }: BeamYaml): string {
    const known = this.uploaded.get(sha256);
    if (known !== undefined) return known;
    const id = uploadId(this, name);
    // The hash of the content is in the name: a job that runs keeps the pipeline that it has, and a
    // plan shows a launcher exactly when its pipeline changed.
    const object = `${name}-${sha256}.yaml`;
    new StorageBucketObject(this, id, {
      bucket: this.bucket.resource.name,
      name: object,
      content: literal(text),
      contentType: "application/yaml",
      lifecycle: { createBeforeDestroy: true },
    });
    const uri = `gs://${this.bucket.name}/${object}`;
    this.uploaded.set(sha256, uri);
    return uri;
  }
}
