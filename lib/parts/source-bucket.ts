import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StorageBucketObject } from "@cdktf/provider-google/lib/storage-bucket-object";
import { App, AssetType, TerraformAsset } from "cdktf";
import { Construct } from "constructs";
import { Duration } from "../core/duration";
import type { SourceArchive } from "../core/function-source";
import { singleton } from "../core/stack";
import { Bucket } from "./bucket";
import type { EncryptionKey } from "./encryption-key";

/**
 * The bucket from which Cloud Functions builds a stack's functions: one object for each different source. Functions with
 * an encryption key have a bucket of that key.
 */
export class SourceBucket extends Construct {
  static of(scope: Construct, key?: EncryptionKey): SourceBucket {
    const id = key ? `function-sources-${key.id}` : "function-sources";
    return singleton(scope, id, (stack) => new SourceBucket(stack, id, key));
  }

  readonly bucket: Bucket;
  private readonly objects = new Map<string, StorageBucketObject>();

  constructor(scope: Construct, id: string, encryptionKey?: EncryptionKey) {
    super(scope, id);
    // Sources come from the repository and can be uploaded again: no soft delete, and destroy takes them along.
    this.bucket = new Bucket(this, "bucket", { forceDestroy: true, softDelete: Duration.zero, encryptionKey });
  }

  /** Uploads an archive; functions of the same source share the object. */
  upload(archive: SourceArchive): StorageBucketObject {
    let object = this.objects.get(archive.sha256);
    if (!object) {
      object = this.createObject(archive);
      this.objects.set(archive.sha256, object);
    }
    return object;
  }

  private createObject({ name, bytes, sha256 }: SourceArchive): StorageBucketObject {
    // A second source of the same folder name gets a number; the address must not carry the hash, or it would change.
    let id = name;
    for (let count = 2; this.node.tryFindChild(id); count++) id = `${name}-${count}`;

    const scope = new Construct(this, id);
    const asset = new TerraformAsset(scope, "asset", {
      path: this.write(name, bytes, sha256),
      type: AssetType.FILE,
      assetHash: sha256,
    });
    return new StorageBucketObject(scope, "Resource", {
      bucket: this.bucket.resource.name,
      // The content is in the name: Cloud Functions deploys again only when the object's name changes.
      name: `${name}-${sha256}.zip`,
      source: asset.path,
      contentType: "application/zip",
      lifecycle: { createBeforeDestroy: true },
    });
  }

  /** `TerraformAsset` copies from a file, so the archive is laid beside the stacks; an absolute path, as it is never synthesized. */
  private write(name: string, bytes: Uint8Array, sha256: string): string {
    const folder = join(App.of(this).outdir, "functions", sha256);
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${name}.zip`);
    writeFileSync(file, bytes);
    return file.startsWith("/") ? file : join(process.cwd(), file);
  }
}
