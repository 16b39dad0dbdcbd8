import { Agent, request as httpRequest } from "node:http";
import * as v from "valibot";
import { apiHandler } from "../../functions/shared/api-handler";
import { GoogleApiError, PermanentError } from "../../functions/shared/errors";
import type { HttpHandler } from "../../functions/shared/http";
import { createLog } from "../../functions/shared/log";
import { type Served, serve } from "../support/serve";

const lines: string[] = [];
const log = createLog({ component: "api" }, (line) => lines.push(line));
const schema = v.object({ name: v.string(), numbers: v.optional(v.array(v.number())) });
const served: Served[] = [];

async function open(
  handle: (payload: v.InferOutput<typeof schema>) => Promise<object> = async (payload) => payload,
  maxBytes?: number,
): Promise<Served> {
  const handler = apiHandler({ services: { log, project: "my-project" }, schema, handle, maxBytes });
  served.push(await serve(handler));
  return served.at(-1) as Served;
}

afterEach(async () => {
  lines.length = 0;
  await Promise.all(served.splice(0).map((one) => one.stop()));
});

test("answers 202 with the handler's result", async () => {
  const api = await open();
  const { status, body, headers } = await api.post({ name: "x", more: 1 });
  expect([status, body]).toEqual([202, { name: "x" }]);
  expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
});

test.each(["GET", "PUT", "DELETE", "PATCH"])("refuses %s", async (method) => {
  const api = await open();
  const response = await fetch(api.url, { method });
  expect(response.status).toBe(405);
  expect(response.headers.get("allow")).toBe("POST");
  expect(await response.json()).toEqual({
    error: { code: "method_not_allowed", message: `Given method ${method}; allowed: POST` },
  });
});

test.each([
  ["text/plain", "text/plain"],
  ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded"],
  ["application/jsonp", "application/jsonp"],
])("refuses Content-Type %s", async (_name, type) => {
  const api = await open();
  const { status, body } = await api.post('{"name":"x"}', { "Content-Type": type });
  expect(status).toBe(415);
  expect(body.error).toEqual({
    code: "unsupported_media_type",
    message: `Given Content-Type ${type}; allowed: application/json`,
  });
});

test("refuses a request without Content-Type", async () => {
  const api = await open();
  const status = await new Promise((resolve, reject) => {
    const request = httpRequest(api.url, { method: "POST" }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on("error", reject);
    request.end('{"name":"x"}');
  });
  expect(status).toBe(415);
});

test("takes a charset along", async () => {
  const api = await open();
  expect((await api.post({ name: "é" }, { "Content-Type": "Application/JSON; charset=utf-8" })).body).toEqual({
    name: "é",
  });
});

test.each([
  ["half an object", '{"name":"secret'],
  ["nothing", ""],
  ["a bare word", "undefined"],
])("refuses %s", async (_name, content) => {
  const api = await open();
  const { status, body } = await api.post(content);
  expect(status).toBe(400);
  expect(body.error).toEqual({
    code: "malformed_json",
    message: `The body (${content.length} bytes) is not JSON in UTF-8`,
  });
  expect(lines.join()).not.toContain("secret");
});

test.each([
  [
    "other bytes than UTF-8",
    Buffer.from([0x7b, 0xff, 0x7d]),
    "wrong_encoding",
    "the byte at offset 1 (line 1) is 0xff",
  ],
  [
    "UTF-16",
    Buffer.from('{"name":"x"}', "utf16le"),
    "wrong_encoding",
    "the byte at offset 1 (line 1) is NUL, as in UTF-16LE",
  ],
  [
    "a number that would become another",
    '{"name":"x","n":\n 1234567890123456789}',
    "inexact_number",
    "The body holds the number 1234567890123456789 at byte offset 18, which would become 1234567890123456800",
  ],
  [
    "a number beyond a double's range",
    '{"n":1e400}',
    "inexact_number",
    "The body holds the number 1e400 at byte offset 5, which is beyond the range of a double",
  ],
])("refuses %s for a body", async (_name, content, code, message) => {
  const api = await open();
  const { status, body } = await api.post(content);
  expect([status, body.error]).toEqual([400, { code, message: expect.stringContaining(message) }]);
});

test("digits in texts and keys are no numbers", async () => {
  const api = await open();
  const body = { name: '"1e400, 1234567890123456789', 1e400: 0.1, "1234567890123456789": [true, 1e21] };
  expect((await api.post(JSON.stringify(body))).status).toBe(202);
});

test("refuses JSON that is nested too deep, whatever it holds", async () => {
  const api = await open();
  const deep = `{"name":"]]","x":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  const { status, body } = await api.post(deep);
  expect([status, body.error]).toEqual([
    400,
    { code: "too_deep", message: "The body is nested deeper than 64 levels" },
  ]);
  const brackets = JSON.stringify({ name: `\\"${"[{".repeat(200)}` });
  expect((await api.post(brackets)).status).toBe(202);
});

test.each([
  ["null", null],
  ["a number", 7],
  ["text", '"name"'],
  ["an array", [{ name: "x" }]],
])("refuses %s for a body", async (_name, content) => {
  const api = await open();
  const { status, body } = await api.post(content === null ? "null" : content);
  expect(status).toBe(400);
  expect(body.error.code).toBe("invalid_payload");
  expect(body.error.message).toMatch(/^The body is not valid\. \(whole\): given .*; allowed: Object$/);
});

test("lists all issues with their paths, and cuts long values", async () => {
  const api = await open();
  const { body } = await api.post({ name: 1, numbers: [1, "x".repeat(500), null] });
  expect(body.error.issues).toEqual([
    "name: given 1; allowed: string",
    `numbers.1: given "${"x".repeat(99)}…; allowed: number`,
    "numbers.2: given null; allowed: number",
  ]);
});

test("lists the first issue alone of a large value, and cuts long names", async () => {
  const schema = v.record(v.string(), v.number());
  const api = await serve(apiHandler({ services: { log }, schema, handle: async () => ({}) }));
  served.push(api);
  const nothings = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`key${i}`, null]));
  expect((await api.post(nothings(900))).body.error.issues).toHaveLength(900);
  expect((await api.post(nothings(1001))).body.error.issues).toEqual(["key0: given null; allowed: number"]);
  expect((await api.post({ ["x".repeat(500_000)]: null })).body.error.issues).toEqual([
    `${"x".repeat(100)}…: given null; allowed: number`,
  ]);
});

test("refuses a body beyond the limit without reading it to the end", async () => {
  const api = await open(undefined, 1000);
  const { status, body } = await api.post({ name: "x".repeat(5_000_000) });
  expect(status).toBe(413);
  expect(body.error).toEqual({
    code: "payload_too_large",
    message: "The body is larger than the 1000 bytes that are allowed",
  });
});

test("a connection goes on after a body beyond the limit", async () => {
  const api = await open(undefined, 1000);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const post = (body: string) =>
    new Promise((resolve, reject) => {
      const headers = { "Content-Type": "application/json" };
      const request = httpRequest(api.url, { method: "POST", agent, headers }, (response) => {
        response.resume();
        request.once("close", () => resolve([response.statusCode, request.reusedSocket]));
      });
      request.once("error", reject);
      request.end(body);
    });
  expect(await post(`{"name":"${"x".repeat(5_000_000)}"}`)).toEqual([413, false]);
  expect(await post('{"name":"x"}')).toEqual([202, true]);
  agent.destroy();
});

test("prototype keys do no harm", async () => {
  const api = await open();
  const { body } = await api.post('{"name":"x","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}');
  expect(body).toEqual({ name: "x" });
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});

test.each([
  ["a bug", new TypeError("secret detail"), 500],
  ["a text that is thrown", "secret detail", 500],
  ["Google's 403", new GoogleApiError("secret detail", 403, "PERMISSION_DENIED"), 503],
  ["Google's 429", new GoogleApiError("secret detail", 429, "RESOURCE_EXHAUSTED"), 503],
  ["Google's 503", new GoogleApiError("secret detail", 503, "UNAVAILABLE"), 503],
])("tells the log, not the caller, about %s", async (_name, error, expected) => {
  const api = await open(() => Promise.reject(error));
  const { status, text } = await api.post({ name: "x" });
  expect(status).toBe(expected);
  expect(JSON.parse(text)).toEqual({
    error: { code: "failed", message: "The function failed and may succeed later; its log says why" },
  });
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    severity: "ERROR",
    message: expect.stringContaining("secret detail"),
  });
});

test("tells the caller, not the log, what a PermanentError says", async () => {
  const api = await open(() => Promise.reject(new PermanentError("no_such_thing", "secret detail", 404)));
  const { status, body } = await api.post({ name: "x" });
  expect([status, body]).toEqual([404, { error: { code: "no_such_thing", message: "secret detail" } }]);
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { severity: "WARNING", message: "Refused: no_such_thing", component: "api", code: "no_such_thing", status: 404 },
  ]);
});

const trace = "0af7651916cd43dd8448eb211c80319c";
test.each([
  ["traceparent", { traceparent: `00-${trace}-b7ad6b7169203331-01` }, "b7ad6b7169203331"],
  ["X-Cloud-Trace-Context", { "X-Cloud-Trace-Context": `${trace}/18;o=1` }, "0000000000000012"],
  ["X-Cloud-Trace-Context without span", { "X-Cloud-Trace-Context": trace }, undefined],
])("joins its log to the trace of %s", async (_name, headers, span) => {
  const api = await open(() => Promise.reject(new PermanentError("x", "y")));
  await api.post({ name: "x" }, headers);
  const entry = JSON.parse(lines[0] ?? "");
  expect(entry["logging.googleapis.com/trace"]).toBe(`projects/my-project/traces/${trace}`);
  expect(entry["logging.googleapis.com/spanId"]).toBe(span);
});

test("ignores a trace that is none", async () => {
  const api = await open(() => Promise.reject(new PermanentError("x", "y")));
  await api.post({ name: "x" }, { traceparent: "00-secret", "X-Cloud-Trace-Context": "a\tb" });
  expect(lines[0]).not.toContain("trace");
});

test("reads what another host has parsed already", async () => {
  const handler = apiHandler({ services: { log }, schema, handle: async (payload) => payload, maxBytes: 30 });
  const parsed =
    (rawBody: string): HttpHandler =>
    (request, response) => {
      request.rawBody = Buffer.from(rawBody);
      return handler(request, response);
    };
  const small = await serve(parsed('{"name":"parsed"}'));
  const large = await serve(parsed(`{"name":"${"x".repeat(30)}"}`));
  served.push(small, large);
  expect((await small.post({ name: "raw" })).body).toEqual({ name: "parsed" });
  expect((await large.post({ name: "raw" })).status).toBe(413);
});
