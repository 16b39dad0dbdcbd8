import { Type } from "avsc";
import { parse } from "protobufjs";
import { LoadError } from "../../src/core/load-error";
import { pubSub } from "../../src/pubsub";
import { FakeContext, rest } from "../support/fake-context";

// Topics with a schema refuse what does not fit: https://docs.cloud.google.com/pubsub/docs/schemas

const AVRO = JSON.stringify({
  type: "record",
  name: "Reading",
  fields: [
    { name: "sensor", type: "string" },
    { name: "count", type: "int" },
    { name: "big", type: "long" },
    { name: "note", type: ["null", "string"] },
  ],
});
const PROTO = `
  syntax = "proto3";
  package sensors;
  message Reading {
    enum State { OFF = 0; ON = 1; }
    message Place { string room = 1; }
    string sensor_id = 1;
    int32 count = 2;
    int64 big = 3;
    State state = 4;
    Place place = 5;
    repeated double values = 6;
    map<string, bool> flags = 7;
    bytes raw = 8;
    oneof end { string done = 9; uint32 code = 10; }
  }`;

function made(settings: object, schema: object, around = new FakeContext()): ReturnType<typeof pubSub.create> {
  return pubSub.create(around, [
    { address: "schema", type: "google_pubsub_schema", attributes: { name: "s", ...schema } },
    {
      address: "topic",
      type: "google_pubsub_topic",
      attributes: { name: "topic", schema_settings: { schema: "projects/p/schemas/s", ...settings } },
    },
    { address: "sub", type: "google_pubsub_subscription", attributes: { name: "sub", topic: "topic" } },
  ]);
}

const publish = (pubsub: ReturnType<typeof pubSub.create>, ...data: (Buffer | string)[]) =>
  rest(pubsub, "POST", "https://pubsub.googleapis.com/v1/projects/p/topics/topic:publish", {
    body: {
      messages: data.map((each) => ({ data: Buffer.from(each).toString("base64"), attributes: { mine: "1" } })),
    },
  });

const avroJson = { sensor: "a", count: 1, big: 5, note: null };

describe("Avro", () => {
  test.each([
    ["a record", avroJson, undefined],
    ["a union's value under its branch", { ...avroJson, note: { string: "x" } }, undefined],
    ["a long beyond 2^53", { ...avroJson, big: 2 ** 60 }, undefined],
    ["a union's value as it is", { ...avroJson, note: "x" }, 'invalid ["null","string"]: "x"'],
    ["a number for a text", { ...avroJson, sensor: 1 }, 'invalid "string": 1'],
    ["a fraction", { ...avroJson, count: 1.5 }, 'invalid "int": 1.5'],
    ["an int beyond 2^31", { ...avroJson, count: 2 ** 31 }, 'invalid "int": 2147483648'],
    ["a long beyond 2^63", { ...avroJson, big: 2 ** 64 }, 'invalid "long"'],
    ["a field that is missing", { sensor: "a" }, 'invalid "int": undefined'],
    ["no JSON", "{", "JSON"],
  ])("%s as JSON", async (_, value, why) => {
    const pubsub = made({ encoding: "JSON" }, { type: "AVRO", definition: AVRO });
    await expectPublish(pubsub, typeof value === "string" ? value : JSON.stringify(value), why);
  });

  test.each([
    ["what the schema writes", (bytes: Buffer) => bytes, undefined],
    ["what ends too early", (bytes: Buffer) => bytes.subarray(1), /./],
    ["what goes on", (bytes: Buffer) => Buffer.concat([bytes, Buffer.from("x")]), "trailing data"],
    ["JSON", () => Buffer.from(JSON.stringify(avroJson)), /./],
  ])("%s as BINARY", async (_, change, why) => {
    const pubsub = made({ encoding: "BINARY" }, { type: "AVRO", definition: AVRO });
    const bytes = Type.forSchema(JSON.parse(AVRO)).toBuffer(avroJson);
    await expectPublish(pubsub, change(bytes), why);
  });
});

describe("Protocol Buffers", () => {
  // Source: https://protobuf.dev/programming-guides/json/
  test.each([
    ["nothing set", {}, undefined],
    ["names in either spelling", { sensor_id: "a" }, undefined],
    ["names in lowerCamelCase", { sensorId: "a" }, undefined],
    ["64-bit numbers as texts", { big: "9223372036854775807", count: "7" }, undefined],
    ["an enum by name", { state: "ON" }, undefined],
    ["an enum by number", { state: 7 }, undefined],
    ["nested, repeated, maps", { place: { room: "x" }, values: [1, "NaN", 2.5], flags: { a: true } }, undefined],
    ["null for not set", { place: null, count: null }, undefined],
    ["base64", { raw: "aGk=" }, undefined],
    ["one of a oneof", { code: 3 }, undefined],
    ["what the type has not", { other: 1 }, "Reading has no field other"],
    ["nested, what the type has not", { place: { floor: 1 } }, "Reading.place has no field floor"],
    ["a field in both spellings", { sensorId: "a", sensor_id: "b" }, "Reading.sensor_id is given twice"],
    ["a number for a text", { sensorId: 1 }, "Reading.sensor_id is 1; allowed: a text"],
    ["out of range", { count: 2 ** 31 }, "Reading.count is 2147483648; allowed: a whole number from -2147483648"],
    ["a fraction", { count: 1.5 }, "Reading.count is 1.5; allowed: a whole number"],
    ["a negative number where none is", { code: -1 }, "Reading.code is -1; allowed: a whole number from 0"],
    ["an enum that is not there", { state: "AWAY" }, 'Reading.state is "AWAY"; allowed: one of State: OFF, ON'],
    ["no list", { values: 1 }, "Reading.values is 1; allowed: a list"],
    ["within a list", { values: [1, "x"] }, 'Reading.values[1] is "x"; allowed: a number'],
    ["within a map", { flags: { a: 1 } }, "Reading.flags.a is 1; allowed: true or false"],
    ["no base64", { raw: "?" }, 'Reading.raw is "?"; allowed: base64'],
    ["both of a oneof", { done: "x", code: 1 }, "Reading has done and code, both of the oneof end"],
    ["a list for a message", [], "Reading is []; allowed: an object"],
  ])("%s as JSON", async (_, value, why) => {
    const pubsub = made({ encoding: "JSON" }, { type: "PROTOCOL_BUFFER", definition: PROTO });
    await expectPublish(pubsub, JSON.stringify(value), why);
  });

  test.each([
    ["what the schema writes", (bytes: Buffer) => bytes, undefined],
    ["what ends too early", (bytes: Buffer) => bytes.subarray(0, -1), /./],
  ])("%s as BINARY", async (_, change, why) => {
    const pubsub = made({ encoding: "BINARY" }, { type: "PROTOCOL_BUFFER", definition: PROTO });
    const type = parse(PROTO).root.lookupType("sensors.Reading");
    await expectPublish(pubsub, change(Buffer.from(type.encode({ sensorId: "abc", count: 3 }).finish())), why);
  });

  test("a field that proto2 requires", async () => {
    const definition = 'syntax = "proto2"; message M { required string a = 1; }';
    const pubsub = made({ encoding: "JSON" }, { type: "PROTOCOL_BUFFER", definition });
    await expectPublish(pubsub, "{}", "M has no a, which is required");
    await expectPublish(pubsub, '{"a":"x"}', undefined);
  });
});

async function expectPublish(
  pubsub: ReturnType<typeof pubSub.create>,
  data: Buffer | string,
  why: string | RegExp | undefined,
) {
  const before = pubsub.held("sub").length;
  const published = publish(pubsub, data);
  if (why === undefined) {
    expect((await published).status).toBe(200);
    expect(pubsub.held("sub")).toHaveLength(before + 1);
  } else {
    const error = await published.catch((error) => error);
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(error.message).toMatch(
      /^Invalid data in message: Message failed schema validation\. projects\/p\/schemas\/s/,
    );
    if (typeof why === "string") expect(error.message).toContain(why);
    expect(pubsub.held("sub")).toHaveLength(before);
  }
}

test("of a request with one message that does not fit nothing is published", async () => {
  const pubsub = made({ encoding: "JSON" }, { type: "AVRO", definition: AVRO });
  const error = await publish(pubsub, JSON.stringify(avroJson), "{}").catch((error) => error);
  expect([error.code, pubsub.held("sub").length]).toEqual(["INVALID_ARGUMENT", 0]);
});

test("subscribers get schema, revision and encoding", async () => {
  const pubsub = made({ encoding: "JSON" }, { type: "AVRO", definition: AVRO });
  await publish(pubsub, JSON.stringify(avroJson));
  expect(pubsub.held("sub")[0]?.attributes).toEqual({
    mine: "1",
    googclient_schemaencoding: "JSON",
    googclient_schemaname: "projects/p/schemas/s",
    googclient_schemarevisionid: expect.stringMatching(/^[0-9a-f]{8}$/),
  });
});

test("a message with those attributes can be dead-lettered", async () => {
  const around = new FakeContext();
  around.answer = () => 500;
  const policy = { dead_letter_topic: "projects/p/topics/dead", max_delivery_attempts: 5 };
  const pubsub = pubSub.create(around, [
    { address: "schema", type: "google_pubsub_schema", attributes: { name: "s", type: "AVRO", definition: AVRO } },
    {
      address: "topic",
      type: "google_pubsub_topic",
      attributes: { name: "topic", schema_settings: { schema: "projects/p/schemas/s", encoding: "JSON" } },
    },
    { address: "dead", type: "google_pubsub_topic", attributes: { name: "dead" } },
    { address: "kept", type: "google_pubsub_subscription", attributes: { name: "kept", topic: "dead" } },
    {
      address: "push",
      type: "google_pubsub_subscription",
      attributes: {
        name: "push",
        topic: "topic",
        push_config: { push_endpoint: "https://w.run.app" },
        dead_letter_policy: policy,
      },
    },
  ]);
  await publish(pubsub, JSON.stringify(avroJson));
  await around.clock.advance(60_000);
  expect(pubsub.held("kept").map(({ attributes }) => attributes.googclient_schemaname)).toEqual([
    "projects/p/schemas/s",
  ]);
});

describe("what cannot be created stops the load", () => {
  test.each([
    ["Avro that is no JSON", { type: "AVRO", definition: "{not json" }, /^schema: .*JSON/],
    ["Avro without fields", { type: "AVRO", definition: '{"type":"record","name":"R"}' }, /^schema: .*fields/],
    ["a protocol buffer that does not parse", { type: "PROTOCOL_BUFFER", definition: "message {" }, /^schema: /],
    [
      "two messages",
      { type: "PROTOCOL_BUFFER", definition: 'syntax = "proto3"; message A {} message B {}' },
      "schema: definition has 2 top-level message types; allowed: one",
    ],
    [
      "an import",
      { type: "PROTOCOL_BUFFER", definition: 'syntax = "proto3"; import "a.proto"; message A {}' },
      "schema: definition imports a.proto; imports are not supported",
    ],
    [
      "a type that is not resolved",
      { type: "PROTOCOL_BUFFER", definition: 'syntax = "proto3"; message A { B b = 1; }' },
      /^schema: no such/,
    ],
    ["no type", { definition: AVRO }, "schema: type is missing; allowed: AVRO, PROTOCOL_BUFFER"],
    [
      "more than 300 KB",
      { type: "AVRO", definition: " ".repeat(307_201) },
      "schema: definition has 307201 bytes; allowed: 307200",
    ],
  ])("%s", (_, schema, reason) => {
    const error = loadError(() => made({ encoding: "JSON" }, schema));
    expect(error.reasons[0]).toMatch(reason);
  });

  test("a schema that is not in the stack, and an encoding that is not there", () => {
    const schema = { type: "AVRO", definition: AVRO };
    expect(loadError(() => made({ schema: "projects/p/schemas/x", encoding: "JSON" }, schema)).reasons).toContain(
      "topic: schema_settings.schema projects/p/schemas/x is not in the stack",
    );
    expect(loadError(() => made({}, schema)).reasons).toContain(
      "topic: schema_settings.encoding is missing; allowed: JSON, BINARY",
    );
  });
});

function loadError(work: () => unknown): LoadError {
  try {
    work();
  } catch (error) {
    if (error instanceof LoadError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
