import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WatchEvent } from "@cdktf-serverless-ml/console";
import { Machine, type RunningStack } from "@cdktf-serverless-ml/emulator";
import { FunctionSource } from "../../lib";
import { writeStack } from "../../packages/console/__tests__/support/stack";
import { Watch } from "../../scripts/watch/watch";

// A file of a function is saved, and the function that runs has its code.

const root = realpathSync(mkdtempSync(join(tmpdir(), "watch-")));
const seen: WatchEvent[] = [];
const printed: string[] = [];
let stack: ReturnType<typeof writeStack>;
let machine: Machine;
let running: RunningStack;
let watch: Watch;

const entry = join(root, "functions", "worker", "index.ts");
const shared = join(root, "functions", "shared", "text.ts");
const handler = `import { text } from "../shared/text";
export const handler = (_: unknown, response: { send(text: string): void }) => response.send(text);`;

beforeAll(async () => {
  for (const name of ["worker", "other", "shared"]) mkdirSync(join(root, "functions", name), { recursive: true });
  writeFileSync(entry, handler);
  writeFileSync(join(root, "functions", "other", "index.ts"), "export const handler = 1;");
  writeFileSync(shared, 'export const text = "first";');
  stack = writeStack();
  // As synthesis makes it.
  const { bytes } = FunctionSource.typescript(join(root, "functions", "worker")).archive();
  writeFileSync(join(stack.folder, "worker.zip"), bytes);
  machine = await Machine.start(stack.folder);
  running = machine.run();
  watch = new Watch({ watched: (_, event) => seen.push(event) }, (line) => printed.push(line), root);
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

async function answer(): Promise<string> {
  const url = String(running.index.workers()[0]?.uri);
  const as = "caller@acme-ml.iam.gserviceaccount.com";
  const { body } = await running.controls.send({ url, method: "POST", headers: {}, body: Buffer.from("{}"), as });
  return body.toString();
}

/** What the loop did after a file was saved. */
async function save(file: string, text: string): Promise<WatchEvent> {
  seen.length = 0;
  writeFileSync(file, text);
  for (const begun = Date.now(); seen.length === 0; ) {
    if (Date.now() - begun > 25_000) throw new Error(`nothing was seen of ${file}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return seen[0] as WatchEvent;
}

test("a file that a function imports is saved: the next request gets the new code", async () => {
  expect(await answer()).toBe("first");
  const event = await save(shared, 'export const text = "second";');
  expect(event).toMatchObject({ what: "bundled", files: ["functions/shared/text.ts"], functions: ["worker"] });
  expect(await answer()).toBe("second");
  expect(printed.at(-1)).toMatch(/^functions\/shared\/text\.ts: worker on new code after \d+ ms$/);
});

test("code that does not bundle, or does not start, changes nothing and is told with its place", async () => {
  expect(await save(entry, "export const = 1;")).toMatchObject({
    what: "failed",
    error: expect.stringContaining("functions/worker/index.ts:1:13: ERROR: Expected identifier"),
  });
  expect(await save(entry, 'throw new Error("broken");')).toMatchObject({
    what: "failed",
    error: expect.stringContaining("the instance ended before it listened"),
  });
  expect(await answer()).toBe("second");
  expect(await save(entry, handler.replace("(text)", '(text + "!")'))).toMatchObject({ what: "bundled" });
  expect(await answer()).toBe("second!");
});
