import { createJsonOnce, listAll, readJson } from "../../functions/shared/storage";
import { FakeGoogle } from "../support/fake-google";

let google: FakeGoogle;
const object = { bucket: "b", name: "ünï/code #1?.json" };
const uri = "gs://b/ünï/code #1?.json";

beforeAll(async () => {
  google = await FakeGoogle.start();
});
beforeEach(() => google.reset());
afterAll(() => google.stop());

test("creates an object once, whatever its name", async () => {
  const { storage } = google.services();
  expect(await createJsonOnce(storage, object, { n: 1 })).toBe(true);
  expect(await createJsonOnce(storage, object, { n: 2 })).toBe(false);
  expect(google.buckets.uris).toEqual([uri]);
  expect(await readJson(storage, object)).toEqual({ n: 1 });
  expect(await storage.stat(object)).toEqual({
    generation: expect.stringMatching(/^\d+$/),
    size: 13,
  });
});

test("indents short JSON alone: blanks would make most of the deep and long", async () => {
  const { storage } = google.services();
  await createJsonOnce(storage, { ...object, name: "short" }, { a: [1] });
  expect(google.buckets.text("gs://b/short")).toBe('{\n  "a": [\n    1\n  ]\n}\n');
  const deep = JSON.parse(`${"[".repeat(60)}${"0,".repeat(40_000)}0${"]".repeat(60)}`);
  await createJsonOnce(storage, { ...object, name: "long" }, deep);
  expect(google.buckets.text("gs://b/long")).toHaveLength(80_122);
});

test("lists a folder page by page, with or without the folders in it", async () => {
  const { storage } = google.services();
  for (const name of ["a/1", "a/2", "a/b/3", "b/4"])
    await storage.createOnce({ bucket: "b", name }, name, "text/plain");
  const names = async (query: object) =>
    (await listAll(storage, { bucket: "b", prefix: "a/", ...query })).map(({ name }) => name);
  expect(await names({ maxResults: 2 })).toEqual(["a/1", "a/2", "a/b/3"]);
  expect(google.asked(/^GET .*prefix=a%2F/)).toHaveLength(2);
  expect(await names({ delimiter: "/" })).toEqual(["a/1", "a/2"]);
  expect(await names({ prefix: "c/" })).toEqual([]);
  const { objects } = await storage.list({ bucket: "b", prefix: "b/" });
  expect(objects).toEqual([{ bucket: "b", name: "b/4", size: 3, timeCreated: expect.stringMatching(/^2.*Z$/) }]);
});

test("knows what is not there", async () => {
  const { storage } = google.services();
  expect(await storage.stat(object)).toBeUndefined();
  expect(await storage.read(object)).toBeUndefined();
  expect(await readJson(storage, object)).toBeUndefined();
});

test("repeats what failed on the way, and gives up after its tries", async () => {
  const { storage } = google.services();
  google.failNext(/upload/, { drop: true }, { status: 503 });
  expect(await storage.createOnce(object, "x", "text/plain")).toBe(true);
  google.failNext(/GET/, { status: 429 }, { drop: true });
  expect(String(await storage.read(object))).toBe("x");
  google.failNext(/GET/, ...Array(3).fill({ status: 503 }));
  await expect(storage.stat(object)).rejects.toMatchObject({ name: "GoogleApiError", status: 503 });
  expect(google.asked(/GET/)).toHaveLength(6);
});

test("a stream that breaks off is an error, not an end", async () => {
  const { storage } = google.services();
  const generation = google.buckets.put(uri, "x".repeat(100_000));
  google.failNext(/alt=media/, { status: 503 }, { status: 503 }, { status: 503 });
  const read = async () => {
    let size = 0;
    const open = await storage.open(object);
    expect(open.generation).toBe(generation);
    for await (const chunk of open.chunks) size += chunk.length;
    return size;
  };
  await expect(read()).rejects.toMatchObject({ name: "GoogleApiError", status: 503 });
  google.failNext(/alt=media/, { drop: true }, { drop: true }, { drop: true });
  await expect(read()).rejects.toMatchObject({ name: "GoogleApiError", status: 0 });
  google.failNext(/alt=media/, { cut: true });
  await expect(read()).rejects.toMatchObject({ name: "GoogleApiError", status: 0 });
  expect(await read()).toBe(100_000);
});

test("a read that breaks off is repeated", async () => {
  const { storage } = google.services();
  const generation = google.buckets.put(uri, "x".repeat(100_000));
  google.failNext(/alt=media/, { cut: true }, { cut: true });
  expect(await storage.readRange(object, generation, 10, 90_000)).toHaveLength(89_990);
  google.failNext(/alt=media/, { cut: true });
  expect(await storage.read(object)).toHaveLength(100_000);
  google.failNext(/alt=media/, { cut: true });
  expect(await storage.readPlain(object, 100_000)).toHaveLength(100_000);
  expect(google.requests).toHaveLength(7);
});

test("an object of limited size is read in one request", async () => {
  const { storage } = google.services();
  google.buckets.put(uri, "four");
  expect(String(await storage.readPlain(object, 4))).toBe("four");
  expect(google.requests).toHaveLength(1);
  await expect(storage.readPlain(object, 3)).rejects.toMatchObject({
    code: "payload_too_large",
    status: 413,
    message: `${uri} has more than 3 bytes, which are allowed`,
  });
  google.buckets.put(uri, "");
  expect(await storage.readPlain(object, 4)).toHaveLength(0);
  google.buckets.put(uri, "four", "gzip");
  await expect(storage.readPlain(object, 4)).rejects.toMatchObject({ code: "unsupported_encoding" });
  await expect(storage.readPlain({ ...object, name: "none" }, 4)).rejects.toMatchObject({
    code: "missing_object",
    status: 404,
  });
});

test.each([
  ["stat", 403],
  ["read", 403],
  ["createOnce", 403],
] as const)("%s tells what storage refuses", async (method, status) => {
  const { storage } = google.services();
  google.failNext(/./, { status, reason: "PERMISSION_DENIED", message: "caller lacks storage.objects.get" });
  await expect(storage[method](object, "", "")).rejects.toMatchObject({
    status,
    message: expect.stringContaining("caller lacks storage.objects.get"),
  });
});
