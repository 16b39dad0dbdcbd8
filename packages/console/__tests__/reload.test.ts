import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Machine, type RunningStack } from "@cdktf-serverless-ml/emulator";
import { inDepth } from "../../../__tests__/support/deep";
import { writeStack, zipOf } from "./support/stack";

// New code reaches a function while requests come.

const CALLER = "caller@acme-ml.iam.gserviceaccount.com";
const CODE = `
exports.handler = async (request, response) => {
  if (request.body.wait) await new Promise((resolve) => setTimeout(resolve, request.body.wait));
  response.json({ revision: "REVISION" });
};`;

let stack: ReturnType<typeof writeStack>;
let machine: Machine;
let running: RunningStack;
let url: string;

beforeAll(async () => {
  stack = writeStack();
  writeFileSync(join(stack.folder, "worker.zip"), zipOf("first", CODE));
  // As many at a time as Cloud Run gives an instance by default.
  const file = join(stack.folder, "cdk.tf.json");
  const more = '"max_instance_count": 4, "max_instance_request_concurrency": 80';
  writeFileSync(file, readFileSync(file, "utf8").replace('"max_instance_count": 4', more));
  machine = await Machine.start(stack.folder);
  running = machine.run();
  url = String(running.index.workers()[0]?.uri);
});
afterAll(async () => {
  await running?.stop();
  await machine?.stop();
  stack?.remove();
});

let onTestEnd = () => {};
afterEach(() => onTestEnd());

async function call(body: object = {}): Promise<{ status: number; revision?: string }> {
  const headers = { "content-type": "application/json" };
  const sent = { url, method: "POST", headers, body: Buffer.from(JSON.stringify(body)), as: CALLER };
  const { status, body: reply } = await running.controls.send(sent);
  return { status, ...(status === 200 && JSON.parse(reply.toString())) };
}

function zipFile(revision: string, code?: string): string {
  const file = join(stack.folder, `${revision}.zip`);
  writeFileSync(file, zipOf(revision, code));
  return file;
}

test("under load no request is lost, and after the change each gets the new code", async () => {
  const answers: Awaited<ReturnType<typeof call>>[] = [];
  let going = true;
  const load = async () => {
    while (going) answers.push(await call());
  };
  const loads = Array.from({ length: 4 }, load);
  onTestEnd = () => {
    going = false;
  };
  while (answers.length < 100) await new Promise((resolve) => setImmediate(resolve));
  const slow = call({ wait: 300 });
  await new Promise((resolve) => setTimeout(resolve, 50));
  await running.controls.replaceFunction("worker", zipFile("second", CODE));
  const next = await call();
  const after = answers.length;
  while (answers.length < after + 100) await new Promise((resolve) => setImmediate(resolve));
  going = false;
  await Promise.all(loads);

  expect(next).toEqual({ status: 200, revision: "second" });
  // It was under way.
  expect(await slow).toEqual({ status: 200, revision: "first" });
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  expect(new Set(answers.map(({ revision }) => revision))).toEqual(new Set(["first", "second"]));
  // What was under way as the code changed may still be answered by the old one.
  expect(new Set(answers.slice(after + 4).map(({ revision }) => revision))).toEqual(new Set(["second"]));
});

test("at a fixed rate of 200 requests a second, each is answered through a change of code", async () => {
  const count = inDepth(800, 200);
  const revisions: { readonly sent: number; readonly answer: Awaited<ReturnType<typeof call>> }[] = [];
  const start = performance.now();
  const due = () => Math.min(count, Math.floor((performance.now() - start) / 5) + 1);
  const sent: Promise<unknown>[] = [];
  let replaced = Number.POSITIVE_INFINITY;
  let replacing: Promise<void> | undefined;
  while (sent.length < count || replaced === Number.POSITIVE_INFINITY) {
    // It does not wait for answers: what is late is sent as soon as this process gets to it.
    for (let next = sent.length; next < due(); next++) {
      sent.push(call({ wait: 20 }).then((answer) => revisions.push({ sent: next, answer })));
    }
    if (sent.length >= count / 4) {
      replacing ??= running.controls.replaceFunction("worker", zipFile("third", CODE)).then(() => {
        replaced = sent.length;
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all([...sent, replacing]);
  // Also where a slow machine has started the new code after the last request.
  const next = await call();

  expect(revisions.filter(({ answer }) => answer.status !== 200)).toEqual([]);
  expect(revisions).toHaveLength(count);
  expect(next.revision).toBe("third");
  const after = revisions.filter(({ sent }) => sent >= replaced).map(({ answer }) => answer.revision);
  expect(new Set(["third", ...after])).toEqual(new Set(["third"]));
  expect(new Set(revisions.map(({ answer }) => answer.revision))).toContain("second");
});

test("code that does not start is refused, and the old code stays", async () => {
  const { revision } = await call();
  await expect(
    running.controls.replaceFunction("worker", zipFile("broken", "throw new Error('broken')")),
  ).rejects.toThrow("the instance ended before it listened");
  expect(await call()).toEqual({ status: 200, revision });
  await expect(running.controls.replaceFunction("nope", zipFile("x", CODE))).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: "There is no function nope",
  });
});
