import { ApiError } from "../../src/core/api-error";
import { cloudStorage } from "../../src/storage";
import { context } from "../support/context";

/* Batches as the Python client writes them: lines end in LF, heads of calls in CRLF. */

const CALLER = { email: "anyone@p" };

function world(grants: readonly string[] | "everything" = "everything") {
  const around = context({ grants });
  const buckets = [{ address: "b", type: "google_storage_bucket", attributes: { name: "b" } }];
  const storage = cloudStorage.create(around, buckets);
  const [service] = storage.rest;
  const post = (body: string, type = 'multipart/mixed; boundary="==x=="') =>
    service?.handle({
      method: "POST",
      host: "storage.googleapis.com",
      path: "/batch/storage/v1",
      query: new URLSearchParams(),
      headers: { "content-type": type },
      body: Buffer.from(body),
      caller: CALLER,
    });
  return { storage, post };
}

const part = (call: string, body = "") =>
  `--==x==\nContent-Type: application/http\nMIME-Version: 1.0\n\n${call} HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const batchOf = (...parts: string[]) => `${parts.join("\n")}\n--==x==--`;
const O = "https://storage.googleapis.com/storage/v1/b/b/o";

/** Status and body of each part of an answer. */
function partsOf(body: unknown): [number, string][] {
  return [...String(body).matchAll(/HTTP\/1\.1 (\d+).*?\r\n\r\n(.*?)\r\n--/gs)].map(([, status, text = ""]) => [
    Number(status),
    text,
  ]);
}

test("copies and deletes, each call with its own answer", async () => {
  const { storage, post } = world();
  storage.put(CALLER, "b", "temp/a b", "text");
  const reply = await post(
    batchOf(
      part(`POST ${O}/temp%2Fa%20b/copyTo/b/b/o/final?prettyPrint=false`),
      part(`DELETE ${O}/temp%2Fa%20b?prettyPrint=false`),
      part(`DELETE ${O}/gone?prettyPrint=false`),
    ),
  );
  expect(reply?.headers?.["content-type"]).toMatch(/^multipart\/mixed; boundary=batch_/);
  const [copied, deleted, gone] = partsOf(reply?.body);
  expect([copied?.[0], deleted, gone?.[0]]).toEqual([200, [204, ""], 404]);
  expect(JSON.parse(copied?.[1] ?? "")).toMatchObject({ name: "final", size: "4" });
  expect(JSON.parse(gone?.[1] ?? "")).toMatchObject({ error: { code: 404, message: "No such object: b/gone" } });
  expect(storage.objects().map(({ name, content }) => [name, content.toString()])).toEqual([["final", "text"]]);
});

test("asks IAM for each call", async () => {
  const { storage, post } = world(["anyone@p storage.objects.create projects/_/buckets/b/*"]);
  storage.put(CALLER, "b", "a", "text");
  const reply = await post(batchOf(part(`DELETE ${O}/a`)));
  expect(partsOf(reply?.body).map(([status]) => status)).toEqual([403]);
  expect(storage.objects()).toHaveLength(1);
});

test.each([
  ["no boundary", "", "multipart/mixed", "A batch must be multipart/mixed with a boundary"],
  ["no calls", "--==x==--", undefined, "A batch of 0 calls; allowed: 1 to 100"],
  ["no call in a part", batchOf(part("nonsense")), undefined, "Not a call of a batch: nonsense HTTP/1.1"],
  [
    "too many calls",
    batchOf(...Array(101).fill(part(`DELETE ${O}/a`))),
    undefined,
    "A batch of 101 calls; allowed: 1 to 100",
  ],
])("refuses %s", async (_name, body, type, message) => {
  const failure = await Promise.resolve(world().post(body, type)).catch((error) => error);
  expect(failure).toBeInstanceOf(ApiError);
  expect(failure).toMatchObject({ http: 400, message });
});
