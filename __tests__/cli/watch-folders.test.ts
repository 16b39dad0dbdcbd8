import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WatchEvent } from "@cdktf-serverless-ml/console";
import { Machine, type RunningStack } from "@cdktf-serverless-ml/emulator";
import { readStack, StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { zip } from "../../lib/core/source-archive";
import { writeStack } from "../../packages/console/__tests__/support/stack";
import { Watch } from "../../scripts/watch/watch";

// A function is a folder that is uploaded as it is, anywhere in the project, as one in Python is.
// Synthesis is done here by copying: what is tested is what becomes of its result.

const root = realpathSync(mkdtempSync(join(tmpdir(), "watch-folders-")));
const source = join(root, "own", "worker");
const seen: WatchEvent[] = [];
let stack: ReturnType<typeof writeStack>;
let machine: Machine;
let running: RunningStack;
let watch: Watch;
/** What synthesis makes of the stack's JSON. */
let constructs = (json: string) => json;

const CODE = `const { readFileSync } = require("node:fs");
const text = readFileSync(__dirname + "/answer.html", "utf8");
exports.handler = (_, response) => response.send(text);`;

beforeAll(async () => {
  for (const folder of [source, join(root, "lib"), join(root, "workers")]) mkdirSync(folder, { recursive: true });
  write("package.json", '{"main":"index.js"}');
  write("answer.html", "first");
  write("index.js", CODE);
  stack = writeStack();
  synthesizeInto(stack.folder, readFileSync(join(stack.folder, "cdk.tf.json"), "utf8"));
  machine = await Machine.start(stack.folder);
  running = machine.run();
  const json = readFileSync(join(stack.folder, "cdk.tf.json"), "utf8").replace(/-[0-9a-f]{64}/, "");
  const synthesize = async () => {
    const folder = mkdtempSync(join(tmpdir(), "watch-synthesized-"));
    for (const name of ["small", "boxes"]) mkdirSync(join(folder, "stacks", name), { recursive: true });
    synthesizeInto(join(folder, "stacks", "small"), constructs(json));
    writeFileSync(join(folder, "stacks", "boxes", "cdk.tf.json"), BOXES);
    return { changes: "", folder, remove: () => rmSync(folder, { recursive: true }) };
  };
  watch = new Watch({ watched: (_, event) => seen.push(event) }, () => {}, root, synthesize);
  watch.add(running, stack.folder);
  await watch.ready();
});
afterAll(async () => {
  await watch?.stop();
  await running?.stop();
  await machine?.stop();
  stack?.remove();
  rmSync(root, { recursive: true, force: true });
});

function write(name: string, text: string): void {
  writeFileSync(join(source, name), text);
}

/** The names of uploaded sources have the hash of the code. */
function synthesizeInto(folder: string, json: string): void {
  const files = readdirSync(source).map((name) => [name, readFileSync(join(source, name))] as const);
  const { bytes } = zip(new Map(files));
  const hash = createHash("sha256").update(bytes).digest("hex");
  mkdirSync(join(folder, "assets", hash), { recursive: true });
  writeFileSync(join(folder, "assets", hash, "worker.zip"), bytes);
  const stack = JSON.parse(json);
  const { worker } = stack.resource.google_storage_bucket_object;
  Object.assign(worker, { name: `worker-${hash}.zip`, source: `assets/${hash}/worker.zip` });
  stack.resource.google_cloudfunctions2_function.worker.build_config.source.storage_source.object = worker.name;
  writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify(stack));
}

async function answer(): Promise<string> {
  const url = String(running.index.workers()[0]?.uri);
  const as = "caller@acme-ml.iam.gserviceaccount.com";
  const { body } = await running.controls.send({ url, method: "POST", headers: {}, body: Buffer.from("{}"), as });
  return body.toString();
}

/** All that the loop said of a save. */
async function save(file: string, text: string): Promise<WatchEvent[]> {
  seen.length = 0;
  writeFileSync(file, text);
  for (const begun = Date.now(); !seen.some(({ what }) => what !== "bundled"); ) {
    if (Date.now() - begun > 25_000) throw new Error(`nothing was seen of ${file}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return [...seen];
}

test("a file of a folder that a function was uploaded from is saved: the function runs what is synthesized", async () => {
  expect(await answer()).toBe("first");
  const [bundled, synthesized] = await save(join(source, "answer.html"), "second");
  const files = ["own/worker/answer.html"];
  expect(bundled).toMatchObject({ what: "bundled", files, functions: ["worker"] });
  expect(synthesized).toMatchObject({ what: "synthesized", files, needsRestart: false });
  expect(await answer()).toBe("second");
});

test("where more than code has changed, the function stays as it is and a restart is asked for", async () => {
  constructs = (json) => json.replace('"max_instance_count":4', '"max_instance_count":5');
  const events = await save(join(source, "answer.html"), "third");
  constructs = (json) => json;
  expect(events).toMatchObject([{ what: "synthesized", needsRestart: true }]);
  expect(await answer()).toBe("second");
});

test("code that does not start is told, and never that nothing needs a restart", async () => {
  const events = await save(join(source, "index.js"), "throw new Error('broken');");
  expect(events).toMatchObject([{ what: "failed", error: expect.stringContaining("ended before it listened") }]);
  expect(await answer()).toBe("second");
  expect(await save(join(source, "index.js"), CODE)).toMatchObject([
    { what: "bundled", functions: ["worker"] },
    { what: "synthesized", needsRestart: false },
  ]);
  expect(await answer()).toBe("third");
});

const BOXES = JSON.stringify({
  provider: { google: [{ project: "acme-ml", region: "us-central1" }] },
  resource: {
    google_cloud_run_v2_service: {
      box: { name: "box", location: "us-central1", template: { containers: [{ image: "example.com/box" }] } },
    },
  },
});

test("a container reads its code when it starts: code of workers needs a restart, constructs do not", async () => {
  const folder = join(root, "boxes");
  mkdirSync(folder);
  writeFileSync(join(folder, "cdk.tf.json"), BOXES);
  const read = readStack(folder);
  const boxes = { stack: read, index: StackIndex.of(read), onStop: () => {} };
  watch.add(boxes as unknown as RunningStack, folder);
  await watch.ready();
  const [lib] = await save(join(root, "lib", "a.ts"), "");
  expect(lib).toMatchObject({ what: "synthesized", files: ["lib/a.ts"], needsRestart: false });
  const [worker] = await save(join(root, "workers", "main.py"), "");
  expect(worker).toMatchObject({ what: "synthesized", files: ["workers/main.py"], needsRestart: true });
});
