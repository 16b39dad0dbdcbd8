import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { bundleModules } from "../../lib/core/bundle";
import { environments } from "../support/environments";
import { reply } from "../support/serve";

type Folder = keyof typeof environments;

const folders = Object.keys(environments) as Folder[];
const withoutStorage: Folder[] = ["start-workflow", "dataflow-launcher", "dead-letter-redrive"];
const withCsv: Folder[] = ["batch-submitter", "batch-worker", "pipeline-preprocess"];
const framework = resolve("node_modules/@google-cloud/functions-framework/build/src/main.js");
const root = mkdtempSync(join(tmpdir(), "bundles-"));
const entryOf = (folder: Folder) => resolve("functions", folder, "index.ts");
const bundles = bundleModules(folders.map(entryOf));

beforeAll(() => {
  for (const folder of folders) {
    mkdirSync(join(root, folder));
    writeFileSync(join(root, folder, "index.cjs"), bundles.get(entryOf(folder))?.code ?? "");
    writeFileSync(join(root, folder, "package.json"), '{"main":"index.cjs"}');
  }
});

afterAll(() => rmSync(root, { recursive: true }));

test.each(folders)("%s is small and holds nothing that it does not use", (folder) => {
  const bytes = statSync(join(root, folder, "index.cjs")).size;
  const files = bundles.get(entryOf(folder))?.files.map((file) => relative(".", file).replaceAll("\\", "/")) ?? [];
  const uses = (path: string) => files.some((file) => file.includes(path));
  const csv = withCsv.includes(folder);
  // The client of four services that run jobs.
  const isLarge = folder === "pipeline-job";
  expect(bytes).toBeLessThanOrEqual(csv ? 305_000 : isLarge ? 290_000 : 275_000);
  expect(uses("csv-parse")).toBe(csv);
  expect(uses("shared/storage.ts")).toBe(!withoutStorage.includes(folder));
  expect(uses("functions-framework")).toBe(false);
  expect(uses("google-auth-library/build/src/auth/googleauth")).toBe(false);
  expect(files).toContain(`functions/${folder}/index.ts`);
  expect(files.filter((file) => file.startsWith("lib/"))).toEqual([]);
});

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address ? address.port : 0;
}

interface Running {
  process: ChildProcess;
  url: string;
  output: () => string;
}

/** The bundle in a process of its own, under the real functions-framework. */
async function run(folder: Folder, environment: Record<string, string>): Promise<Running> {
  const port = await freePort();
  const child = spawn(process.execPath, [framework, "--target=handler", `--port=${port}`], {
    cwd: join(root, folder),
    env: { PATH: process.env.PATH, METADATA_SERVER_DETECTION: "none", ...environment },
  });
  let output = "";
  const collect = (chunk: Buffer) => {
    output += chunk;
    child.emit("output");
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const ended = once(child, "close");
  while (!output.includes("URL: ") && child.exitCode === null) await Promise.race([once(child, "output"), ended]);
  return { process: child, url: `http://127.0.0.1:${port}/`, output: () => output };
}

async function terminate({ process: child }: Running): Promise<unknown[]> {
  const ended = once(child, "close");
  child.kill("SIGTERM");
  return ended;
}

test.each(folders)("%s listens, refuses what is no JSON, and ends on SIGTERM", async (folder) => {
  const running = await run(folder, environments[folder]);
  const post = (body: string) =>
    fetch(running.url, { method: "POST", body, headers: { "Content-Type": "application/json" } }).then(reply);
  const malformed = await post("[");
  expect([malformed.status, malformed.body]).toEqual([
    400,
    { error: { code: "malformed_json", message: "The body (1 bytes) is not JSON in UTF-8" } },
  ]);
  expect((await fetch(running.url)).status).toBe(405);
  expect(running.output()).toContain('"severity":"WARNING","message":"Refused: malformed_json"');
  expect(await terminate(running)).toEqual([0, null]);
});

test("a bundle asks nobody, and ends with the reason, in a bad environment", async () => {
  const { INPUT_BUCKET, ...environment } = environments["batch-worker"];
  const running = await run("batch-worker", { ...environment, PREDICT_BATCH_SIZE: "many" });
  expect(running.process.exitCode).toBe(1);
  expect(running.output()).toContain(
    "Bad environment: INPUT_BUCKET is not set; allowed: a bucket name like my-bucket. " +
      'PREDICT_BATCH_SIZE is "many"; allowed: a whole number from 1 to 1000',
  );
});

test("a request in flight is answered though SIGTERM comes", async () => {
  const running = await run("batch-submitter", environments["batch-submitter"]);
  await fetch(running.url);
  let send: (chunk: Uint8Array | undefined) => void = () => {};
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      send = (chunk) => (chunk ? controller.enqueue(chunk) : controller.close());
    },
  });
  const headers = { "Content-Type": "application/json" };
  const answer = fetch(running.url, { method: "POST", body, headers, duplex: "half" } as RequestInit).then(reply);
  send(Buffer.from("["));
  await new Promise((done) => setTimeout(done, 100));
  const ended = terminate(running);
  await new Promise((done) => setTimeout(done, 100));
  send(undefined);
  expect((await answer).body.error.code).toBe("malformed_json");
  expect(await ended).toEqual([0, null]);
});
