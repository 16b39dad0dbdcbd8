import * as v from "valibot";
import { PermanentError } from "../shared/errors";
import { check, parseJson } from "../shared/json";
import { isSafeName, objectGeneration } from "../shared/object-path";

/** The attributes of every Cloud Storage notification. */
const attributesSchema = v.object({
  eventType: v.picklist(["OBJECT_FINALIZE", "OBJECT_METADATA_UPDATE", "OBJECT_DELETE", "OBJECT_ARCHIVE"]),
  payloadFormat: v.literal("JSON_API_V1", "JSON_API_V1, the notification's payload format"),
  bucketId: v.string(),
  objectId: v.string(),
  objectGeneration: v.string(),
});

/** Fields that the function needs of the object resource, which is the message's data. */
const resourceSchema = v.object({
  bucket: v.string(),
  name: v.pipe(
    v.string(),
    v.check(
      (name) => isSafeName(name),
      'a name without empty, "." or ".." segments or control characters, at most 900 bytes',
    ),
  ),
  generation: objectGeneration,
  size: v.pipe(v.string(), v.regex(/^\d{1,15}$/, "a size in bytes"), v.transform(Number)),
  contentType: v.optional(v.pipe(v.string(), v.maxLength(255))),
  contentEncoding: v.optional(v.string()),
});

export interface Upload {
  bucket: string;
  object: string;
  generation: string;
  /** Bytes. */
  size: number;
  contentType?: string;
  /** E.g. `gzip`: the stored bytes then differ from the content. */
  contentEncoding?: string;
}

/**
 * Reads a Cloud Storage notification.
 *
 * @returns the upload; undefined for other events (deleted, archived, metadata) and for the empty
 *   objects that represent folders.
 * @throws PermanentError for a message that is not a notification.
 */
export function readUpload(attributes: Record<string, string>, data: Buffer): Upload | undefined {
  const { eventType, bucketId, objectId, objectGeneration } = check(attributesSchema, attributes, "The notification");
  if (eventType !== "OBJECT_FINALIZE") return undefined;
  if (objectId.endsWith("/")) return undefined;
  const { name: object, ...resource } = check(resourceSchema, parseJson(data, "The data"), "The object resource");
  if (resource.bucket !== bucketId || object !== objectId || resource.generation !== objectGeneration) {
    throw new PermanentError("invalid_payload", "Attributes and object resource name different objects");
  }
  return { object, ...resource };
}
