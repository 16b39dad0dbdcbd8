import { createHash } from "node:crypto";
import { block } from "@cdktf-serverless-ml/terraform-json";
import { Type as AvroType, types } from "avsc";
import { parse, type Type } from "protobufjs";
import { ApiError } from "../core/api-error";
import type { EvaluatedResource } from "../core/emulator";
import { oneOf } from "../core/terraform-values";
import { readProtoJson } from "./proto-json";
import type { PublishedMessage } from "./publisher";

const ENCODINGS = ["JSON", "BINARY"] as const;
type Encoding = (typeof ENCODINGS)[number];

/** Source: https://docs.cloud.google.com/pubsub/docs/schemas ("cannot exceed 300 KB in size") */
const MAX_DEFINITION_BYTES = 300 * 1024;

/** A schema as the stack defines it. */
export interface Schema {
  /** `projects/P/schemas/S` */
  readonly name: string;
  readonly revision: string;
  /** @throws Error for data that does not fit */
  check(data: Buffer, encoding: Encoding): void;
}

/**
 * Checks a message of a topic and adds the schema's attributes.
 *
 * @throws ApiError INVALID_ARGUMENT for one that does not fit
 */
export type SchemaCheck = (message: PublishedMessage) => PublishedMessage;

/** @throws Error for a definition that Pub/Sub would refuse */
export function readSchema({ attributes }: EvaluatedResource, inProject: string): Schema {
  const definition = String(attributes.definition ?? "");
  const bytes = Buffer.byteLength(definition);
  if (bytes > MAX_DEFINITION_BYTES) throw new Error(`definition has ${bytes} bytes; allowed: ${MAX_DEFINITION_BYTES}`);
  const type = oneOf(attributes, "type", ["AVRO", "PROTOCOL_BUFFER"]);
  if (!type) throw new Error("type is missing; allowed: AVRO, PROTOCOL_BUFFER");
  return {
    name: `projects/${attributes.project ?? inProject}/schemas/${attributes.name}`,
    // Google draws eight hexadecimal digits; ours follow from the definition.
    revision: createHash("sha256").update(definition).digest("hex").slice(0, 8),
    check: type === "AVRO" ? avro(definition) : protobuf(definition),
  };
}

/** `schema_settings` of a topic. @throws Error for a schema that is not in the stack */
export function schemaCheck(
  { attributes }: EvaluatedResource,
  schemas: ReadonlyMap<string, Schema>,
): SchemaCheck | undefined {
  const settings = block(attributes, "schema_settings");
  if (!settings) return undefined;
  const schema = schemas.get(settings.schema);
  if (!schema) throw new Error(`schema_settings.schema ${settings.schema} is not in the stack`);
  const encoding = oneOf(settings, "encoding", ENCODINGS);
  if (!encoding) throw new Error(`schema_settings.encoding is missing; allowed: ${ENCODINGS.join(", ")}`);
  return (message) => {
    try {
      schema.check(message.data, encoding);
    } catch (error) {
      throw new ApiError(
        "INVALID_ARGUMENT",
        `Invalid data in message: Message failed schema validation. ${schema.name}, as ${encoding}: ${(error as Error).message}`,
      );
    }
    // Source: https://docs.cloud.google.com/pubsub/docs/schemas
    const added = {
      googclient_schemaencoding: encoding,
      googclient_schemaname: schema.name,
      googclient_schemarevisionid: schema.revision,
    };
    return { ...message, attributes: { ...message.attributes, ...added } };
  };
}

/** avsc's own longs end at 2^53, Avro's at 2^63. */
const LONG = types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(value);
    return buffer;
  },
  fromJSON: (value: unknown) => {
    if (Number.isInteger(value) && isLong(BigInt(value as number))) return BigInt(value as number);
    throw new Error(`invalid "long": ${JSON.stringify(value)}`);
  },
  toJSON: Number,
  isValid: isLong,
  compare: (one: bigint, other: bigint) => (one < other ? -1 : one > other ? 1 : 0),
});

function isLong(value: unknown): boolean {
  return typeof value === "bigint" && BigInt.asIntN(64, value) === value;
}

/** Avro's own JSON encoding: a union's value is a property with the name of its branch. */
function avro(definition: string): Schema["check"] {
  const type = AvroType.forSchema(JSON.parse(definition), { registry: { long: LONG } });
  return (data, encoding) => {
    if (encoding === "JSON") type.fromString(data.toString());
    else type.fromBuffer(data);
  };
}

/**
 * "You must define only one top-level type. Import statements that reference other types are not
 * supported." (docs, schemas)
 */
function protobuf(definition: string): Schema["check"] {
  const { root, imports } = parse(definition, { keepCase: true });
  if (imports?.length) throw new Error(`definition imports ${imports.join(", ")}; imports are not supported`);
  root.resolveAll();
  const types = messagesIn(root);
  const [type] = types;
  if (!type || types.length > 1) {
    throw new Error(`definition has ${types.length} top-level message types; allowed: one`);
  }
  return (data, encoding) => {
    if (encoding === "JSON") readProtoJson(type, JSON.parse(data.toString()));
    else type.decode(data);
  };
}

/** A package is a namespace around its types. */
function messagesIn(namespace: ReturnType<typeof parse>["root"] | Type["parent"]): Type[] {
  return (namespace?.nestedArray ?? []).flatMap((nested) =>
    "fieldsArray" in nested ? [nested as Type] : "nestedArray" in nested ? messagesIn(nested as Type["parent"]) : [],
  );
}
