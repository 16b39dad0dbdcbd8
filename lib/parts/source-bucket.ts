import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StorageBucketObject } from "@cdktf/provider-google/lib/storage-bucket-object";
import { App, AssetType, TerraformAsset } from "cdktf";
import { Construct } from "constructs";
import { Duration } from "../core/duration";
import type { SourceArchive } from "../core/function-source";
import { singleton, uploadId } from "../core/stack";
import { Bucket } from "./bucket";
import type { EncryptionKey } from "./encryption-key";

/**
 * The bucket with the sources of a stack's functions: one object for each different source.
 * Functions with an encryption key have another bucket, one for each key.
 */
export class SourceBucket extends Construct {
  /** The bucket of the stack of `scope`, for the key where one is given. */
  static of(scope: Construct, key?: EncryptionKey): SourceBucket {
    const id = key ? `function-sources-${key.id}` : "function-sources";
    return singleton(scope, id, (stack) => new SourceBucket(stack, id, key));
  }

  readonly bucket: Bucket;
  private readonly objects = new Map<string, StorageBucketObject>();

  constructor(scope: Construct, id: string, encryptionKey?: EncryptionKey) {
    super(scope, id);
    // Sources are in the repository and can be uploaded again. So there is no soft delete, and
    // destroy deletes them.
    this.bucket = new Bucket(this, "bucket", { forceDestroy: true, softDelete: Duration.zero, encryptionKey });
  }

  /** Uploads an archive. Functions of the same source share the object. */
  upload(archive: SourceArchive): StorageBucketObject {
    let object = this.objects.get(archive.sha256);
    if (!object) {
      object = this.createObject(archive);
      this.objects.set(archive.sha256, object);
    }
    return object;
  }

  private createObject({ name, bytes, sha256 }: SourceArchive): StorageBucketObject {
    const id = uploadId(this, name);
    const scope = new Construct(this, id);
    const asset = new TerraformAsset(scope, "asset", {
      path: this.write(name, bytes, sha256),
      type: AssetType.FILE,
      assetHash: sha256,
    });
    return new StorageBucketObject(scope, "Resource", {
      bucket: this.bucket.resource.name,
      // The hash of the content is in the name: Cloud Functions deploys again only when the
      // object's name changes.
      name: `${name}-${sha256}.zip`,
      source: asset.path,
      contentType: "application/zip",
      lifecycle: { createBeforeDestroy: true },
    });
  }

  /**
   * Writes the archive to a file beside the stacks, because `TerraformAsset` copies from a file.
   * The path is absolute; it is never synthesized.
   */
  private write(name: string, bytes: Uint8Array, sha256: string): string {
    const folder = join(App.of(this).outdir, "functions", sha256);
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${name}.zip`);
    writeFileSync(file, bytes);
    return file.startsWith("/") ? file : join(process.cwd(), file);
  }
}
