/** Bucket and object of a `gs://<bucket>/<object>`. Both are empty for any other text. */
export function parseGsUri(uri: string): { readonly bucket: string; readonly name: string } {
  const [, bucket = "", name = ""] = /^gs:\/\/([^/]+)\/?(.*)$/.exec(uri) ?? [];
  return { bucket, name };
}
