import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { Storage } from "@google-cloud/storage";
import { cloudStorage } from "../../src/storage";
import { context } from "../support/context";
import { type Served, serve } from "../support/serve";

/** The client that functions use, as it comes, against the emulator. */
describe("@google-cloud/storage", () => {
  let served: Served;
  let storage: Storage;
  const bucket = () => storage.bucket("b");

  beforeAll(async () => {
    const emulator = cloudStorage.create(context(), [
      { address: "google_storage_bucket.b", type: "google_storage_bucket", attributes: { name: "b" } },
      { address: "google_storage_bucket.c", type: "google_storage_bucket", attributes: { name: "c" } },
    ]);
    const [rest] = emulator.rest;
    if (!rest) throw new Error("no REST service");
    served = await serve(rest, { email: "anyone@p" });
    storage = new Storage({ apiEndpoint: served.url, projectId: "p", retryOptions: { autoRetry: false } });
  });
  afterAll(() => served.close());

  test("saves in one request, and downloads what it saved with its checksums compared", async () => {
    const file = bucket().file("a folder/ä#?.json");
    await file.save('{"one":1}', {
      resumable: false,
      metadata: { contentType: "application/json", metadata: { k: "v" } },
    });
    const [content] = await file.download({ validation: "crc32c" });
    expect(content.toString()).toBe('{"one":1}');
    const [again] = await file.download({ validation: "md5" });
    expect(again).toEqual(content);
    const [metadata] = await file.getMetadata();
    expect(metadata).toMatchObject({
      name: "a folder/ä#?.json",
      contentType: "application/json",
      metadata: { k: "v" },
      size: "9",
      metageneration: "1",
      md5Hash: createHash("md5").update('{"one":1}').digest("base64"),
    });
  });

  test("saves by a resumable upload, in one stream and in chunks", async () => {
    const large = Buffer.alloc(700_000, "0123456789");
    await bucket().file("stream").save(large, { resumable: true });
    await bucket()
      .file("chunks")
      .save(large, { resumable: true, chunkSize: 256 * 1024 });
    for (const name of ["stream", "chunks"]) {
      const [content] = await bucket().file(name).download({ validation: "crc32c" });
      expect(content.equals(large)).toBe(true);
    }
  });

  test("reads ranges, and refuses one beyond the end", async () => {
    const file = bucket().file("digits");
    await file.save("0123456789", { resumable: false });
    expect((await file.download({ start: 2, end: 4 }))[0].toString()).toBe("234");
    expect((await file.download({ start: 8, end: 100 }))[0].toString()).toBe("89");
    await expect(file.download({ start: 10, end: 12 })).rejects.toMatchObject({ code: 416 });
  });

  test("creates once, by the precondition that no object is there", async () => {
    const file = bucket().file("once");
    const options = { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } };
    await file.save("first", options);
    await expect(file.save("second", options)).rejects.toMatchObject({
      code: 412,
      errors: [expect.objectContaining({ reason: "conditionNotMet" })],
    });
    expect((await file.download())[0].toString()).toBe("first");
  });

  test("decompresses gzip where the client asks for it", async () => {
    const file = bucket().file("compressed");
    const metadata = { contentEncoding: "gzip", contentType: "text/plain" };
    await file.save(gzipSync("much text"), { resumable: false, metadata });
    expect((await file.download())[0].toString()).toBe("much text");
    expect((await file.download({ decompress: false }))[0].equals(gzipSync("much text"))).toBe(true);
    const plain = await fetch(`${served.url}/storage/v1/b/b/o/compressed?alt=media`, {
      headers: { "accept-encoding": "identity" },
    });
    expect(plain.headers.get("x-goog-stored-content-encoding")).toBe("gzip");
    expect(await plain.text()).toBe("much text");
  });

  test("lists pages and folders, copies, changes metadata, deletes", async () => {
    const all = storage.bucket("c");
    for (const name of ["x/1", "x/2", "x/deep/3", "y"]) await all.file(name).save(name, { resumable: false });
    const names = async (query: object) => (await all.getFiles(query))[0].map(({ name }) => name);
    expect(await names({ maxResults: 2, autoPaginate: true })).toEqual(["x/1", "x/2"]);
    expect(await names({})).toEqual(["x/1", "x/2", "x/deep/3", "y"]);
    expect(await names({ prefix: "x/", delimiter: "/" })).toEqual(["x/1", "x/2"]);
    const [, , page] = await all.getFiles({ delimiter: "/", autoPaginate: false });
    expect(page).toMatchObject({ prefixes: ["x/"], items: [{ name: "y" }] });

    await all.file("y").copy(all.file("z"));
    expect((await all.file("z").download())[0].toString()).toBe("y");
    await all.file("z").setMetadata({ contentType: "text/csv" });
    expect((await all.file("z").getMetadata())[0]).toMatchObject({ contentType: "text/csv", metageneration: "2" });
    await all.file("z").delete();
    expect((await all.file("z").exists())[0]).toBe(false);
    await expect(all.file("z").delete()).rejects.toMatchObject({ code: 404, message: "No such object: c/z" });
  });
});
