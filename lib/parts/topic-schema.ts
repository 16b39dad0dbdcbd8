import type { ReflectionObject } from "protobufjs";
import { isKnown, type Rule } from "../core/validation";

/** The schema of a topic's messages. */
export interface TopicSchema {
  /** Language of the definition. */
  readonly type: "AVRO" | "PROTOCOL_BUFFER";
  /**
   * The schema in its own language: Avro 1.11 as JSON, or proto2 or proto3. One top-level type, no
   * imports, up to 300 KB. Pub/Sub refuses messages that do not match.
   */
  readonly definition: string;
  /**
   * Encoding of messages.
   * @default "JSON"
   */
  readonly encoding?: "JSON" | "BINARY";
}

const MAX_BYTES = 300 * 1024;

/**
 * Rules of Pub/Sub for a schema. Source: https://docs.cloud.google.com/pubsub/docs/schemas (read
 * 2026-11).
 */
export function schemaRules({ type, definition }: TopicSchema): Rule[] {
  if (!isKnown(definition)) return [];
  const bytes = Buffer.byteLength(definition);
  const problem = type === "AVRO" ? avroProblem(definition) : protocolBufferProblem(definition);
  return [
    {
      code: "InvalidSchema",
      broken: problem !== undefined,
      message: `the definition of the ${type} schema is not valid: ${problem}`,
    },
    {
      code: "InvalidSchema",
      broken: bytes > MAX_BYTES,
      message: `the definition of the ${type} schema has ${bytes} bytes; allowed are up to ${MAX_BYTES}`,
    },
  ];
}

// Both parsers are loaded only where there is a schema, so that synthesis without one is faster.

function avroProblem(definition: string): string | undefined {
  const { Type } = require("avsc") as typeof import("avsc");
  return thrown(() => Type.forSchema(JSON.parse(definition), { noAnonymousTypes: true }));
}

function protocolBufferProblem(definition: string): string | undefined {
  const { parse, Type, Namespace } = require("protobufjs") as typeof import("protobufjs");
  return thrown(() => {
    const { root, imports } = parse(definition);
    if (imports?.length) throw new Error(`it imports ${imports.join(", ")}; allowed are types of its own`);
    root.resolveAll();
    const messages = (object: ReflectionObject): string[] => {
      if (object instanceof Type) return [object.name];
      return object instanceof Namespace ? object.nestedArray.flatMap(messages) : [];
    };
    const names = messages(root);
    if (names.length !== 1)
      throw new Error(`it has ${names.length} top-level messages (${names.join(", ")}); allowed is one`);
  });
}

function thrown(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
