import { gzipSync } from "node:zlib";
import { ApiError } from "../../src/core/api-error";
import type { RestRequest } from "../../src/core/emulator";
import { cloudStorage } from "../../src/storage";
import { crc32c, md5 } from "../../src/storage/checksums";
import { StorageEmulator } from "../../src/storage/storage-emulator";
import { context, RecordingPublisher } from "../support/context";

const ANYONE = { email: "anyone@p" };

function bucketResource(attributes: object = {}) {
  return {
    address: "google_storage_bucket.b",
    type: "google_storage_bucket",
    attributes: { name: "b", ...attributes },
  };
}

function notification(attributes: object = {}) {
  return {
    address: "google_storage_notification.n",
    type: "google_storage_notification",
    attributes: {
      bucket: "b",
      topic: "//pubsub.googleapis.com/projects/p/topics/t",
      payload_format: "JSON_API_V1",
      ...attributes,
    },
  };
}

function caught(work: () => unknown): ApiError {
  try {
    work();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

function request(method: string, pathAndQuery: string, more: Partial<RestRequest> = {}): RestRequest {
  const url = new URL(pathAndQuery, "https://storage.googleapis.com");
  return {
    method,
    host: url.host,
    path: url.pathname,
    query: url.searchParams,
    headers: {},
    body: Buffer.alloc(0),
    caller: ANYONE,
    ...more,
  };
}

function emulator(bucket: object = {}, ...rest: Parameters<typeof context>) {
  const around = context(...rest);
  const storage = cloudStorage.create(around, [bucketResource(bucket)]);
  const [service] = storage.rest;
  if (!service) throw new Error("no REST service");
  return { around, storage, ask: (...given: Parameters<typeof request>) => service.handle(request(...given)) };
}

describe("objects", () => {
  test("checksums are the published ones", () => {
    // The check value of CRC-32C in the catalogue of parametrised CRC algorithms: 0xe3069283.
    expect(Buffer.from(crc32c(Buffer.from("123456789")), "base64").toString("hex")).toBe("e3069283");
    // RFC 1321 A.5.
    expect(Buffer.from(md5(Buffer.from("abc")), "base64").toString("hex")).toBe("900150983cd24fb0d6963f7d28e17f72");
  });

  test("generations are microseconds and grow though time stands still", () => {
    const { storage, around } = emulator();
    const generations = ["a", "a", "b"].map((name) => storage.put(ANYONE, "b", name, name).generation);
    expect(generations).toEqual([0, 1, 2].map((more) => around.clock.now() * 1000 + more));
  });

  test.each([
    [{ ifGenerationMatch: 0 }, "missing", true],
    [{ ifGenerationMatch: 0 }, "there", false],
    [{ ifGenerationMatch: 1 }, "missing", false],
    [{ ifGenerationNotMatch: 0 }, "missing", false],
    [{ ifGenerationNotMatch: 1 }, "missing", false],
    [{ ifGenerationNotMatch: 0 }, "there", true],
    [{ ifGenerationNotMatch: 1 }, "there", true],
    [{ ifMetagenerationMatch: 1 }, "there", true],
    [{ ifMetagenerationMatch: 2 }, "there", false],
    [{ ifMetagenerationNotMatch: 1 }, "there", false],
    [{ ifMetagenerationMatch: 1 }, "missing", false],
  ])("writing with %j where the object is %s: allowed %s", (preconditions, name, allowed) => {
    const { storage } = emulator();
    storage.put(ANYONE, "b", "there", "before");
    const write = () => storage.put(ANYONE, "b", name, "after", { preconditions });
    if (allowed) expect(write().content.toString()).toBe("after");
    else {
      expect(caught(write)).toMatchObject({
        http: 412,
        message: "At least one of the pre-conditions you specified did not hold.",
      });
    }
  });

  test("reading answers 304 where a not-match precondition fails, 412 where a match one does", async () => {
    const { storage, ask } = emulator();
    const { generation } = storage.put(ANYONE, "b", "o", "x");
    const path = "/storage/v1/b/b/o/o";
    await expect(ask("GET", `${path}?ifGenerationNotMatch=${generation}`)).resolves.toEqual({ status: 304 });
    await expect(ask("GET", `${path}?ifGenerationMatch=${generation}`)).resolves.toMatchObject({ status: 200 });
    await expect(ask("GET", `${path}?ifGenerationMatch=1`)).rejects.toMatchObject({ http: 412 });
    await expect(ask("GET", `${path}?ifGenerationMatch=x`)).rejects.toMatchObject({ http: 400 });
  });

  test("gzip is decompressed for whoever does not take it, unless the object forbids it", async () => {
    const { storage, ask } = emulator();
    const content = gzipSync("much text");
    const get = async (name: string, headers: Record<string, string>) => {
      const { body, headers: given } = await ask("GET", `/storage/v1/b/b/o/${name}?alt=media`, { headers });
      return [String(body) === "much text", given?.["content-encoding"], given?.["x-goog-stored-content-encoding"]];
    };
    storage.put(ANYONE, "b", "o", content, { metadata: { contentEncoding: "gzip" } });
    storage.put(ANYONE, "b", "fixed", content, { metadata: { contentEncoding: "gzip", cacheControl: "no-transform" } });
    expect(await get("o", {})).toEqual([true, undefined, "gzip"]);
    expect(await get("o", { "accept-encoding": "br, gzip" })).toEqual([false, "gzip", "gzip"]);
    expect(await get("fixed", {})).toEqual([false, "gzip", "gzip"]);
  });

  test("a wrong checksum is refused and nothing is written", () => {
    const { storage } = emulator();
    const write = () => storage.put(ANYONE, "b", "o", "abc", { checksums: { md5Hash: "AAAA" } });
    expect(caught(write)).toMatchObject({
      http: 400,
      message: 'Provided MD5 hash "AAAA" doesn\'t match calculated MD5 hash "kAFQmDzST7DWlj99KOF/cg==".',
    });
    expect(caught(() => storage.get(ANYONE, "b", "o"))).toMatchObject({ http: 404, message: "No such object: b/o" });
  });

  test.each(["", ".", "..", "a\nb", "x".repeat(1025)])("the name %j is refused", (name) => {
    const { storage } = emulator();
    expect(caught(() => storage.put(ANYONE, "b", name, ""))).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("versioning keeps older generations until they are deleted by number", () => {
    const { storage } = emulator({ versioning: [{ enabled: true }] });
    const first = storage.put(ANYONE, "b", "o", "one");
    storage.put(ANYONE, "b", "o", "two");
    expect(storage.get(ANYONE, "b", "o", { generation: first.generation }).content.toString()).toBe("one");
    storage.delete(ANYONE, "b", "o");
    expect(storage.list(ANYONE, "b").items).toEqual([]);
    expect(storage.list(ANYONE, "b", { versions: true }).items.map(({ content }) => content.toString())).toEqual([
      "one",
      "two",
    ]);
    storage.delete(ANYONE, "b", "o", { generation: first.generation });
    expect(storage.list(ANYONE, "b", { versions: true }).items).toHaveLength(1);
  });

  test("without versioning an overwritten generation is gone", () => {
    const { storage } = emulator();
    const { generation } = storage.put(ANYONE, "b", "o", "one");
    storage.put(ANYONE, "b", "o", "two");
    expect(caught(() => storage.get(ANYONE, "b", "o", { generation }))).toMatchObject({ http: 404 });
  });

  test("a lifecycle rule deletes objects of its age", async () => {
    const { storage, around } = emulator({ lifecycle_rule: [{ action: { type: "Delete" }, condition: { age: 7 } }] });
    storage.put(ANYONE, "b", "old", "");
    await around.clock.advance(6 * 86_400_000);
    storage.put(ANYONE, "b", "young", "");
    await around.clock.advance(86_400_000);
    expect(storage.list(ANYONE, "b").items.map(({ name }) => name)).toEqual(["young"]);
  });

  test("a page token neither repeats nor hides when objects come and go", () => {
    const { storage } = emulator();
    for (const name of ["a", "b", "c", "d"]) storage.put(ANYONE, "b", name, "");
    const { nextPageToken } = storage.list(ANYONE, "b", { maxResults: 2 });
    storage.delete(ANYONE, "b", "a");
    storage.put(ANYONE, "b", "aa", "");
    const { items } = storage.list(ANYONE, "b", { pageToken: nextPageToken });
    expect(items.map(({ name }) => name)).toEqual(["c", "d"]);
    expect(caught(() => storage.list(ANYONE, "b", { pageToken: "no" }))).toMatchObject({
      http: 400,
      message: "Invalid pageToken",
    });
  });

  test("patching merges custom metadata and takes away what is null", () => {
    const { storage } = emulator();
    storage.put(ANYONE, "b", "o", "", { metadata: { contentType: "text/csv", metadata: { a: "1", b: "2" } } });
    const { metadata, metageneration } = storage.patch(ANYONE, "b", "o", {
      contentType: null,
      metadata: { a: null, c: "3" },
    });
    expect({ metadata, metageneration }).toEqual({ metadata: { metadata: { b: "2", c: "3" } }, metageneration: 2 });
  });
});

describe("uploads", () => {
  test("media over both paths, and what is asked wrongly", async () => {
    const { ask, storage } = emulator();
    const headers = { "content-type": "text/plain" };
    const body = Buffer.from("x");
    const reply = await ask("POST", "/upload/storage/v1/b/b/o?uploadType=media&name=a%2Fb", { headers, body });
    expect(reply).toMatchObject({ status: 200, body: { name: "a/b", contentType: "text/plain", size: "1" } });
    expect(storage.get(ANYONE, "b", "a/b").content.toString()).toBe("x");
    await expect(ask("GET", "/b/b/o/a%2Fb")).resolves.toMatchObject({ status: 200 });
    await expect(ask("POST", "/upload/storage/v1/b/b/o?uploadType=media", { body })).rejects.toMatchObject({
      http: 400,
      message: "Required parameter: name",
    });
    await expect(ask("POST", "/upload/storage/v1/b/b/o?uploadType=tus&name=a")).rejects.toMatchObject({ http: 501 });
    await expect(
      ask("POST", "/upload/storage/v1/b/b/o?uploadType=media&name=a&predefinedAcl=private"),
    ).rejects.toMatchObject({
      http: 501,
      message: "Not simulated of objects.insert: predefinedAcl",
    });
  });

  test("multipart without its second part is refused", async () => {
    const { ask } = emulator();
    const headers = { "content-type": "multipart/related; boundary=x" };
    const body = Buffer.from('--x\r\ncontent-type: application/json\r\n\r\n{"name":"a"}\r\n--x--');
    await expect(ask("POST", "/upload/storage/v1/b/b/o?uploadType=multipart", { headers, body })).rejects.toMatchObject(
      {
        http: 400,
        message: "Multipart must have 2 parts: metadata and media",
      },
    );
  });

  test("resumable: chunks, a lost answer, the question how much came, the same answer again", async () => {
    const { ask, storage } = emulator();
    const content = Buffer.alloc(600_000, "abcdef");
    const begun = await ask("POST", "/upload/storage/v1/b/b/o?uploadType=resumable&name=o", {
      headers: { "x-upload-content-type": "text/plain" },
    });
    const uri = begun.headers?.location ?? "";
    expect(uri).toMatch(/^https:\/\/storage\.googleapis\.com\/upload\/storage\/v1\/b\/b\/o\?/);
    const put = (range: string, body = Buffer.alloc(0)) =>
      ask("PUT", uri, { headers: { "content-range": range }, body });

    await expect(put("bytes */*")).resolves.toEqual({ status: 308, headers: {} });
    // Only whole multiples of 256 KiB are kept of a chunk that is not the last.
    await expect(put("bytes 0-299999/600000", content.subarray(0, 300_000))).resolves.toEqual({
      status: 308,
      headers: { range: "bytes=0-262143" },
    });
    await expect(put("bytes 300000-599999/600000", content.subarray(300_000))).rejects.toMatchObject({ http: 400 });
    const finished = await put("bytes 262144-599999/600000", content.subarray(262_144));
    expect(finished).toMatchObject({ status: 200, body: { size: "600000", contentType: "text/plain" } });
    expect(await put("bytes */600000")).toEqual(finished);
    expect(storage.get(ANYONE, "b", "o").content.equals(content)).toBe(true);
    await expect(ask("PUT", uri.replace(/upload_id=.*/, "upload_id=none"))).rejects.toMatchObject({ http: 404 });
  });
});

describe("permissions", () => {
  const on = "projects/_/buckets/b";

  test("each call asks for Google's permissions", () => {
    const { storage, around } = emulator();
    const { asked } = around.authorizer;
    const asks = (work: () => unknown) => {
      asked.length = 0;
      work();
      return [...asked];
    };
    expect(asks(() => storage.put(ANYONE, "b", "o", ""))).toEqual([`storage.objects.create ${on}/objects/o`]);
    expect(asks(() => storage.put(ANYONE, "b", "o", ""))).toEqual([
      `storage.objects.create ${on}/objects/o`,
      `storage.objects.delete ${on}/objects/o`,
    ]);
    expect(asks(() => storage.get(ANYONE, "b", "o"))).toEqual([`storage.objects.get ${on}/objects/o`]);
    expect(asks(() => storage.list(ANYONE, "b"))).toEqual([`storage.objects.list ${on}`]);
    expect(asks(() => storage.delete(ANYONE, "b", "o"))).toEqual([`storage.objects.delete ${on}/objects/o`]);
    expect(asks(() => storage.getBucket(ANYONE, "b"))).toEqual([`storage.buckets.get ${on}`]);
  });

  test("who may only create cannot overwrite, and gets 412 by a precondition", () => {
    const { storage } = emulator({}, { grants: [`anyone@p storage.objects.create ${on}/*`] });
    storage.put(ANYONE, "b", "o", "first");
    expect(caught(() => storage.put(ANYONE, "b", "o", "second"))).toMatchObject({
      http: 403,
      message: `anyone@p lacks storage.objects.delete on ${on}/objects/o`,
    });
    const once = () => storage.put(ANYONE, "b", "o", "second", { preconditions: { ifGenerationMatch: 0 } });
    expect(caught(once)).toMatchObject({ http: 412 });
  });

  test("a missing object is 403 to who may not list", () => {
    const { storage } = emulator({}, { grants: [`anyone@p storage.objects.get ${on}/*`] });
    expect(caught(() => storage.get(ANYONE, "b", "none"))).toMatchObject({
      http: 403,
      message: `anyone@p lacks storage.objects.list on ${on}`,
    });
  });

  test("refusals have the JSON API's form", async () => {
    const { ask } = emulator({}, { grants: [] });
    const refusal = await ask("GET", "/storage/v1/b/b/o/o").catch((error) => error);
    const message = `anyone@p lacks storage.objects.get on ${on}/objects/o`;
    expect(refusal.toJSON()).toEqual({
      error: { code: 403, message, errors: [{ message, domain: "global", reason: "forbidden" }] },
    });
    await expect(ask("GET", "/storage/v1/b/none/o/o")).rejects.toMatchObject({
      http: 404,
      message: "The specified bucket does not exist.",
    });
  });

  test("public sample objects are anybody's to read and nobody's to write", () => {
    const object = { content: Buffer.from("a"), contentType: "text/plain", source: "samples/a.txt" };
    const storage = cloudStorage.create(context({ grants: [] }), [], { publicObjects: { samples: { o: object } } });
    const { content, metadata } = storage.get({}, "samples", "o");
    expect(content).toEqual(object.content);
    expect(metadata).toEqual({ contentType: "text/plain", metadata: { emulated: "samples/a.txt" } });
    expect(caught(() => storage.put(ANYONE, "samples", "p", ""))).toMatchObject({ http: 403 });
    expect(storage.objects()).toEqual([]);
  });

  test.each([
    ["GET", "/storage/v1/b/b/o?matchGlob=x", "Not simulated of objects.list: matchGlob"],
    ["GET", "/storage/v1/b/b/o?projection=full", "projection full is not simulated"],
    ["GET", "/storage/v1/b/b/acl", "Not simulated: GET /storage/v1/b/b/acl"],
    ["POST", "/storage/v1/b/b/o/o/compose", "Not simulated: POST /storage/v1/b/b/o/o/compose"],
    ["POST", "/storage/v1/b", "Not simulated: POST /storage/v1/b"],
  ])("%s %s is refused by name", async (method, path, message) => {
    await expect(emulator().ask(method, path)).rejects.toMatchObject({ http: 501, message });
  });
});

describe("notifications", () => {
  function notified(attributes: object = {}, bucket: object = {}) {
    const around = context();
    const publisher = new RecordingPublisher();
    const storage = new StorageEmulator(around, [bucketResource(bucket), notification(attributes)], { publisher });
    const told = () => publisher.published.map(({ message }) => message.attributes);
    return { around, publisher, storage, told };
  }

  test("the service agent publishes a new object to the topic, with its resource as payload", async () => {
    const { storage, publisher, around } = notified({ custom_attributes: { team: "ml" } });
    const object = storage.put(ANYONE, "b", "in/x.jsonl", "{}", { metadata: { contentType: "text/plain" } });
    await around.clock.advance(0);
    expect(publisher.published).toHaveLength(1);
    const [{ email, topic, message }] = publisher.published as [(typeof publisher.published)[0]];
    expect({ email, topic }).toEqual({
      email: "service-123@gs-project-accounts.iam.gserviceaccount.com",
      topic: "//pubsub.googleapis.com/projects/p/topics/t",
    });
    expect(message.attributes).toEqual({
      team: "ml",
      notificationConfig: "projects/_/buckets/b/notificationConfigs/1",
      eventType: "OBJECT_FINALIZE",
      payloadFormat: "JSON_API_V1",
      bucketId: "b",
      objectId: "in/x.jsonl",
      objectGeneration: String(object.generation),
      eventTime: "2026-01-01T00:00:00.000000Z",
    });
    expect(JSON.parse(message.data.toString())).toMatchObject({
      kind: "storage#object",
      bucket: "b",
      name: "in/x.jsonl",
      size: "2",
      contentType: "text/plain",
      generation: String(object.generation),
    });
    expect(storage.pending()).toBe(0);
  });

  test.each([
    [{}, "OBJECT_DELETE"],
    [{ versioning: { enabled: true } }, "OBJECT_ARCHIVE"],
  ])("overwriting in a bucket with %j tells a new object and %s", async (bucket, type) => {
    const { storage, told, around } = notified({}, bucket);
    const old = storage.put(ANYONE, "b", "o", "1");
    const young = storage.put(ANYONE, "b", "o", "2");
    await around.clock.advance(0);
    expect(told().slice(1)).toEqual([
      expect.objectContaining({
        eventType: "OBJECT_FINALIZE",
        objectGeneration: String(young.generation),
        overwroteGeneration: String(old.generation),
      }),
      expect.objectContaining({
        eventType: type,
        objectGeneration: String(old.generation),
        overwrittenByGeneration: String(young.generation),
      }),
    ]);
  });

  test("only what was asked for: event types and a prefix", async () => {
    const { storage, told, around } = notified({ event_types: ["OBJECT_DELETE"], object_name_prefix: "in/" });
    for (const name of ["in/a", "out/a"]) {
      storage.put(ANYONE, "b", name, "");
      storage.delete(ANYONE, "b", name);
    }
    await around.clock.advance(0);
    expect(told().map(({ eventType, objectId }) => [eventType, objectId])).toEqual([["OBJECT_DELETE", "in/a"]]);
  });

  test("a topic that is unavailable is asked again, and the notification waits meanwhile", async () => {
    const { storage, publisher, around } = notified();
    publisher.failures = [new ApiError("UNAVAILABLE", "later"), new ApiError("INTERNAL", "later")];
    storage.put(ANYONE, "b", "o", "");
    await around.clock.advance(999);
    expect([publisher.published.length, storage.pending()]).toEqual([0, 1]);
    await around.clock.advance(2_001);
    expect([publisher.published.length, storage.pending()]).toEqual([1, 0]);
    expect(around.hops.map(({ attempt, status, detail }) => [attempt, status, detail])).toEqual([
      [1, "UNAVAILABLE: later", undefined],
      [2, "INTERNAL: later", undefined],
      [3, "OK", "message 1"],
    ]);
  });

  test("a refused notification is reported and given up", async () => {
    const { storage, publisher, around } = notified();
    publisher.failures = [new ApiError("PERMISSION_DENIED", "no")];
    storage.put(ANYONE, "b", "o", "");
    await around.clock.advance(3_600_000);
    expect([publisher.published.length, storage.pending()]).toEqual([0, 0]);
    expect(around.hops).toEqual([
      { from: "bucket b", to: "topic t", what: "OBJECT_FINALIZE o", attempt: 1, status: "PERMISSION_DENIED: no" },
    ]);
  });

  test("without the service agent's grant the notification cannot be made", () => {
    const make = () => cloudStorage.create(context({ grants: [] }), [bucketResource(), notification()]);
    expect(caught(make)).toMatchObject({
      code: "PERMISSION_DENIED",
      message:
        "service-123@gs-project-accounts.iam.gserviceaccount.com lacks pubsub.topics.publish on projects/p/topics/t",
    });
  });
});

describe("resources", () => {
  test("objects are there from the start, with the generation of references", () => {
    const storage = cloudStorage.create(
      context(),
      [
        bucketResource(),
        {
          address: "google_storage_bucket_object.o",
          type: "google_storage_bucket_object",
          attributes: {
            bucket: "b",
            name: "o",
            source: "package.json",
            content_type: "application/json",
            generation: 42,
          },
        },
      ],
      { directory: `${__dirname}/../../../..` },
    );
    const object = storage.get(ANYONE, "b", "o");
    expect(object.generation).toBe(42);
    expect(JSON.parse(object.content.toString()).name).toBe("cdktf-serverless-ml");
  });

  test.each([
    [
      { lifecycle_rule: { action: { type: "SetStorageClass" }, condition: { age: 1 } } },
      "lifecycle_rule.action.type SetStorageClass is not simulated; Delete is",
    ],
    [
      { lifecycle_rule: { action: { type: "Delete" }, condition: {} } },
      "a lifecycle_rule without condition.age is not simulated",
    ],
  ])("a bucket with %j is refused", (attributes, message) => {
    expect(() => emulator(attributes)).toThrow(`google_storage_bucket.b: ${message}`);
  });
});
