import type { StackIndex, StackWorker } from "@cdktf-serverless-ml/terraform-json";

/** Roles that allow to create objects. */
const CREATES_OBJECTS = /^roles\/storage\.object(Creator|User|Admin)$/;

/** Members that may call a worker, without Google's service agents. */
export function invokers(index: StackIndex, { name, resource }: StackWorker): readonly string[] {
  return index.membersWith(/^roles\/run\.invoker$/, resource.type, name);
}

/** Members that may create objects in a bucket, without Google's service agents. */
export function uploaders(index: StackIndex, bucket: unknown): readonly string[] {
  return index.membersWith(CREATES_OBJECTS, "google_storage_bucket", bucket);
}
