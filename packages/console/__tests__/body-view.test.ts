import { keptBody, viewOf, viewOfAll } from "../src/model/body-view";

test("JSON is shown pretty, with its size as it came", () => {
  expect(viewOfAll(Buffer.from('{"a":1}'))).toEqual({ size: 7, type: "json", text: '{\n  "a": 1\n}', cut: false });
  expect(viewOfAll({ a: Buffer.from("hi") })).toMatchObject({ type: "json", text: '{\n  "a": "aGk="\n}' });
  expect(viewOfAll(Buffer.from("5"))).toMatchObject({ type: "text", text: "5" });
});

test("what a push, a task, a publish and a pull carry is decoded", () => {
  const data = Buffer.from('{"x":1}').toString("base64");
  const inner = { type: "json", text: '{\n  "x": 1\n}' };
  for (const body of [
    { message: { data } },
    { task: { httpRequest: { body: data } } },
    { messages: [{ data }] },
    { receivedMessages: [{ message: { data } }] },
  ]) {
    expect(viewOfAll(body)?.inner).toMatchObject(inner);
  }
  expect(viewOfAll({ messages: [{ data }, { data }] })?.inner).toBeUndefined();
});

test("text, tables and bytes", () => {
  expect(viewOfAll(Buffer.from("a,b\n1,2"), "text/csv; charset=utf-8")).toMatchObject({
    type: "csv",
    text: "a,b\n1,2",
  });
  expect(viewOfAll(Buffer.from("<img onerror>"), "text/html")).toMatchObject({ type: "text", text: "<img onerror>" });
  expect(viewOfAll(Buffer.from([0, 255, 65]))).toEqual({
    size: 3,
    type: "binary",
    text: "000000  00 ff 41                                         ..A",
    cut: false,
  });
  expect(viewOfAll(Buffer.alloc(0))).toBeUndefined();
});

test("of a long body the first 64 KiB are kept, and a character that is cut does not make it binary", () => {
  const text = `${"x".repeat(64 * 1024 - 1)}ü and more`;
  const kept = keptBody(Buffer.from(text));
  expect([kept?.size, kept?.bytes.length]).toEqual([Buffer.byteLength(text), 64 * 1024]);
  expect(kept && viewOf(kept)).toMatchObject({ type: "text", cut: true, text: "x".repeat(64 * 1024 - 1) });
});

test("what is kept is a copy", () => {
  const body = Buffer.from("before");
  const kept = keptBody(body);
  body.write("after!");
  expect(kept?.bytes.toString()).toBe("before");
});
