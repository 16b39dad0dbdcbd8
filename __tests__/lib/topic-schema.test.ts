import { Topic } from "../../lib/parts/topic";
import type { TopicSchema } from "../../lib/parts/topic-schema";
import { errorsOf, testStack } from "./support";

function errors(type: TopicSchema["type"], definition: string): string[] {
  const stack = testStack();
  new Topic(stack, "topic", { schema: { type, definition } });
  return errorsOf(stack);
}

const record = (fields: unknown[]) => JSON.stringify({ type: "record", name: "Score", fields });

// Source: https://docs.cloud.google.com/pubsub/docs/schemas, "Important information about schemas".
describe("schemas of topics", () => {
  test.each([
    record([{ name: "id", type: "string" }]),
    record([{ name: "label", type: ["null", "string"], default: null }]),
    record([{ name: "at", type: { type: "long", logicalType: "timestamp-micros" } }]),
    '"string"',
  ])("Pub/Sub takes the Avro schema %s", (definition) => {
    expect(errors("AVRO", definition)).toEqual([]);
  });

  test.each([
    'syntax = "proto3"; message Score { string id = 1; }',
    'syntax = "proto2"; message Score { required string id = 1; optional int32 n = 2 [default = 3]; }',
    'syntax = "proto3"; package acme.ml; enum Kind { NONE = 0; } message Score { message Part { Kind kind = 1; } repeated Part parts = 1; }',
  ])("Pub/Sub takes the Protocol Buffer schema %s", (definition) => {
    expect(errors("PROTOCOL_BUFFER", definition)).toEqual([]);
  });

  test.each<[TopicSchema["type"], string, string]>([
    ["AVRO", "{not json", "Expected property name"],
    ["AVRO", "", "Unexpected end of JSON input"],
    ["AVRO", '{"type":"record","fields":[]}', "missing name property in schema"],
    ["AVRO", record([{ name: "id", type: "strin" }]), "undefined type name: strin"],
    ["AVRO", record([{ name: "id", type: "int", default: "a" }]), "incompatible field default"],
    ["AVRO", "message Score { string id = 1; }", "Unexpected token"],
    ["PROTOCOL_BUFFER", record([]), "illegal token"],
    ["PROTOCOL_BUFFER", "message Score {", "illegal token"],
    ["PROTOCOL_BUFFER", 'syntax = "proto3"; message Score { Label label = 1; }', "no such Type or Enum 'Label'"],
    ["PROTOCOL_BUFFER", 'syntax = "proto3"; message A { int32 a = 1; int32 b = 1; }', "duplicate id 1"],
    [
      "PROTOCOL_BUFFER",
      'syntax = "proto3"; import "google/protobuf/timestamp.proto"; message A { int32 a = 1; }',
      "it imports google/protobuf/timestamp.proto; allowed are types of its own",
    ],
    [
      "PROTOCOL_BUFFER",
      'syntax = "proto3"; message A {} message B {}',
      "it has 2 top-level messages (A, B); allowed is one",
    ],
    ["PROTOCOL_BUFFER", 'syntax = "proto3";', "it has 0 top-level messages (); allowed is one"],
  ])("Pub/Sub does not take the %s schema %s", (type, definition, problem) => {
    expect(errors(type, definition)).toEqual([
      expect.stringContaining(
        `[stack/topic/schema] InvalidSchema: the definition of the ${type} schema is not valid: `,
      ),
    ]);
    expect(errors(type, definition)[0]).toContain(problem);
  });

  test("a definition has up to 300 KB", () => {
    const definition = (size: number) => `"string"${" ".repeat(size - 8)}`;
    expect(errors("AVRO", definition(307_200))).toEqual([]);
    expect(errors("AVRO", definition(307_201))).toEqual([
      "[stack/topic/schema] InvalidSchema: the definition of the AVRO schema has 307201 bytes; allowed are up to 307200",
    ]);
  });
});
