import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, extname } from "node:path";
import { StorageBucketObject } from "@cdktf/provider-google/lib/storage-bucket-object";
import { AssetType, TerraformAsset } from "cdktf";
import { Construct } from "constructs";
import { appPath, searchedFolders } from "../core/app-path";
import { check } from "../core/validation";
import type { IBucket } from "./bucket";

/** Properties of {@link BucketFile}. */
export interface BucketFileProps {
  /** The bucket that holds the object. */
  readonly bucket: IBucket;
  /** Folder of the object in the bucket, such as `code`. */
  readonly folder: string;
  /** The file: absolute, or relative to the working directory or the folder of cdktf.json. */
  readonly path: string;
}

/**
 * A file of this project as an object of a bucket. The hash of its content is in the object's name,
 * so that a plan shows when the file has changed. Reports InvalidSource.
 */
export class BucketFile extends Construct {
  /** Name of the object, known before anything is applied. */
  readonly name: string;
  /** The inner `google_storage_bucket_object`. Undefined where the file does not exist. */
  readonly resource?: StorageBucketObject;

  constructor(scope: Construct, id: string, { bucket, folder, path }: BucketFileProps) {
    super(scope, id);
    const file = appPath(path);
    const isThere = existsSync(file) && statSync(file).isFile();
    check(this, [
      {
        code: "InvalidSource",
        broken: !isThere,
        message: `source "${path}" does not exist; allowed is a file, relative to ${searchedFolders()}`,
      },
    ]);
    const assetHash = createHash("sha256")
      .update(isThere ? readFileSync(file) : "")
      .digest("hex");
    const extension = extname(file);
    this.name = `${folder}/${basename(file, extension)}-${assetHash}${extension}`;
    if (!isThere) return;
    const asset = new TerraformAsset(this, "asset", { path: file, type: AssetType.FILE, assetHash });
    this.resource = new StorageBucketObject(this, "Resource", {
      bucket: bucket.name,
      name: this.name,
      source: asset.path,
      lifecycle: { createBeforeDestroy: true },
    });
  }
}
