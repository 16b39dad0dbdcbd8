import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { EvaluatedResource } from "../core/emulator";
import type { BucketSettings, EventType } from "./bucket";
import type { NotificationConfig } from "./notifications";
import type { WritableMetadata } from "./stored-object";

const EVENT_TYPES: readonly EventType[] = [
  "OBJECT_FINALIZE",
  "OBJECT_METADATA_UPDATE",
  "OBJECT_DELETE",
  "OBJECT_ARCHIVE",
];

/** Terraform's JSON allows a block that comes once as an object or as a list of one. */
// biome-ignore lint/suspicious/noExplicitAny: the shape of a block is its resource's.
function blocks(given: any): any[] {
  if (given === undefined || given === null) return [];
  return Array.isArray(given) ? given : [given];
}

function refuse(what: string): never {
  throw new Error(what);
}

/** @throws Error for a lifecycle rule that is not simulated */
export function readBucket(resource: EvaluatedResource): BucketSettings {
  const { name, location = "US", storage_class = "STANDARD", labels, versioning, lifecycle_rule } = resource.attributes;
  const ages = blocks(lifecycle_rule).map((rule) => {
    const { type } = blocks(rule.action)[0] ?? {};
    const { age } = blocks(rule.condition)[0] ?? {};
    if (type !== "Delete") refuse(`lifecycle_rule.action.type ${type} is not simulated; Delete is`);
    if (typeof age !== "number") refuse("a lifecycle_rule without condition.age is not simulated");
    return age as number;
  });
  return {
    name,
    location: String(location).toUpperCase(),
    storageClass: storage_class,
    labels,
    versioning: Boolean(blocks(versioning)[0]?.enabled),
    ...(ages.length > 0 && { deleteAfter: Math.min(...ages) }),
  };
}

export interface DeployedObject {
  readonly bucket: string;
  readonly name: string;
  readonly content: Buffer;
  readonly metadata: WritableMetadata;
  /** As other resources refer to it. */
  readonly generation?: number;
}

/** @param directory from which relative sources are read */
export function readObject(resource: EvaluatedResource, directory: string): DeployedObject {
  const { bucket, name, source, content, generation, ...given } = resource.attributes;
  if ((source === undefined) === (content === undefined)) refuse("needs either source or content");
  const metadata = {
    contentType:
      given.content_type ?? (content === undefined ? "application/octet-stream" : "text/plain; charset=utf-8"),
    contentEncoding: given.content_encoding,
    contentDisposition: given.content_disposition,
    contentLanguage: given.content_language,
    cacheControl: given.cache_control,
    metadata: given.metadata,
  };
  return {
    bucket,
    name,
    content: content === undefined ? readFileSync(resolve(directory, source)) : Buffer.from(content),
    metadata: Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== undefined)),
    ...(generation !== undefined && { generation: Number(generation) }),
  };
}

/** @param number the id that the service would give */
export function readNotification(resource: EvaluatedResource, number: number): NotificationConfig {
  const {
    bucket,
    topic,
    payload_format,
    event_types,
    object_name_prefix = "",
    custom_attributes = {},
  } = resource.attributes;
  if (payload_format !== "JSON_API_V1" && payload_format !== "NONE") {
    refuse(`payload_format is ${payload_format}; allowed: JSON_API_V1, NONE`);
  }
  const eventTypes: EventType[] = event_types?.length ? event_types : [...EVENT_TYPES];
  const unknown = eventTypes.find((type) => !EVENT_TYPES.includes(type));
  if (unknown) refuse(`event_types has ${unknown}; allowed: ${EVENT_TYPES.join(", ")}`);
  return {
    name: `projects/_/buckets/${bucket}/notificationConfigs/${number}`,
    bucket,
    topic,
    eventTypes,
    payloadFormat: payload_format,
    objectNamePrefix: object_name_prefix,
    customAttributes: custom_attributes,
  };
}
