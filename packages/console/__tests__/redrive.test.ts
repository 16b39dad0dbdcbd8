import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Machine, type RunningStack, SkippingClock } from "@cdktf-serverless-ml/emulator";
import { Console } from "../src";
import { Api } from "./support/api";
import { redriveZip, writeRedriveStack } from "./support/redrive-stack";

// Dead letters of two subscriptions, put back one by one.

let stack: ReturnType<typeof writeRedriveStack>;
let machine: Machine;
let running: RunningStack;
let shown: Console;
let api: Api;

const WORKER = "google_cloudfunctions2_function.worker";

beforeAll(async () => {
  stack = writeRedriveStack();
  machine = await Machine.start(stack.folder);
  running = machine.run({ clock: new SkippingClock() });
  shown = await Console.start();
  await shown.add({ running, notices: [] });
  api = new Api(shown.port, shown.token);
});
afterAll(async () => {
  await shown?.stop();
  await running?.stop();
  await machine?.stop();
  stack?.remove();
});

interface Letter {
  readonly messageId: string;
  readonly originalId: string;
  readonly subscription: string;
  readonly data: { readonly text: string };
}

async function letters(): Promise<Letter[]> {
  const { json } = await api.get("/dead-letters");
  return json.groups.flatMap(({ letters: all }: { letters: Letter[] }) => all);
}

/** Pub/Sub pushes more slowly after failures. */
async function lettersLater(): Promise<Letter[]> {
  await api.act("jump");
  return letters();
}

/** Publishes what the worker answers with 503, until it is dead-lettered. @returns its message id */
async function deadLetter(kind: string, name: string): Promise<string> {
  const data = JSON.stringify({ name, answer: 503 });
  const { json } = await api.act("publish", { topic: "work", data, attributes: { kind } });
  const id = json.item.replace("message ", "");
  await api.until(lettersLater, (all) => all.some(({ originalId }) => originalId === id));
  return id;
}

const idOf = (all: readonly Letter[], original: string) =>
  all.find(({ originalId }) => originalId === original)?.messageId as string;

test("one letter is edited and put back alone; a put-back that fails leaves it as it was", async () => {
  const [image, other, text] = [
    await deadLetter("image", "one"),
    await deadLetter("image", "other"),
    await deadLetter("text", "two"),
  ];
  const before = await letters();
  expect(before.map(({ originalId }) => originalId).sort()).toEqual([image, other, text].sort());
  const failed = await api.item(`subscription image message ${image}`, "dead-lettered");
  expect(failed).toMatchObject({ attempts: 5, reason: "503" });
  const failing = (await api.get("/state")).json.boxes[WORKER];
  expect(failing).toMatchObject({ median: expect.any(Number), longest: expect.any(Number) });
  // Since the first of all failures, not the last.
  expect(failing.failing).toBeGreaterThanOrEqual(failed.began);
  expect(failing.failing).toBeLessThan(failed.ended);
  expect(failing.longest).toBeGreaterThanOrEqual(failing.median);

  const messageId = idOf(before, other);
  const data = JSON.stringify({ name: "other", edited: true });
  await api.act("fail", { worker: "redrive", count: 1, status: 503 });
  const refused = await api.act("redrive", { messageId, data });
  expect([refused.status, refused.json.error]).toEqual([
    409,
    { code: "refused", message: expect.stringMatching(`^The letter ${messageId} stays as it was: .* answered 503`) },
  ]);
  expect(await letters()).toEqual(before);

  // The others are due as well: one before it, one in another dead letter.
  const back = await api.act("redrive", { messageId, data });
  expect(back.json.done).toBe(`put back the letter ${messageId}, edited`);
  const [delivery] = (await api.get(`/items/${encodeURIComponent(back.json.item)}`)).json.children;
  await api.item(delivery.id, "done");
  expect(await letters()).toEqual(before.filter((letter) => letter.messageId !== messageId));
  expect((await api.get("/state")).json.boxes[WORKER].failing).toBeUndefined();

  // Two at the same time.
  const both = await Promise.all(
    [image, text].map((id) => api.act("redrive", { messageId: idOf(before, id), data: '{"name":"again"}' })),
  );
  expect(both.map(({ status }) => status)).toEqual([200, 200]);
  expect(await letters()).toEqual([]);
  expect((await api.act("redrive", { messageId })).json.error).toEqual({
    code: "not-found",
    message: `There is no dead letter ${messageId}`,
  });
});

test("what the function does not take stays, with why; all at once say how many went back", async () => {
  await deadLetter("image", "three");
  const original = await deadLetter("text", "three");
  await api.act("withhold", { binding: "google_pubsub_topic_iam_member.again-text" });
  const before = await letters();
  const refused = await api.act("redrive", { messageId: idOf(before, original), data: "{}" });
  expect(refused.json.error).toMatchObject({ code: "refused", message: expect.stringContaining("stays as it was") });
  expect(await letters()).toEqual(before);
  const request = (await api.get("/items?kind=request&state=failed")).json.items[0];
  expect(request.reason).toContain(
    "redrive@acme-ml.iam.gserviceaccount.com lacks pubsub.topics.publish on projects/acme-ml/topics/again-text",
  );
  const all = await api.act("redrive");
  expect(all.json.error.message).toContain("Before that, 1 dead letter went back");
  await api.act("restore", { binding: "google_pubsub_topic_iam_member.again-text" });
  expect((await api.act("redrive")).json.done).toBe("put back 1 dead letter");
  // It fails again, and is the same message.
  const again = await api.until(lettersLater, (all) => all.length === 2);
  expect(Number(idOf(again, original))).toBeGreaterThan(Number(idOf(before, original)));
});

test("a letter that went back is reported as back, though the function's answer was lost", async () => {
  const [image, text] = [await deadLetter("image", "four"), await deadLetter("text", "four")];
  const before = await letters();
  // The real function, whose answer is another one.
  const zip = join(stack.folder, "losing.zip");
  writeFileSync(zip, redriveZip("Object.defineProperty(response, 'statusCode', { get: () => 503, set: () => {} });"));
  await running.controls.replaceFunction("redrive", zip);
  const { status, json } = await api.act("redrive", { messageId: idOf(before, image), data: '{"name":"four"}' });
  expect([status, json]).toEqual([
    200,
    {
      done: expect.stringMatching(/^put back the letter \d+, edited, though the function failed: .* answered 503/),
      item: expect.stringMatching(/^message \d+$/),
    },
  ]);
  const after = await letters();
  expect([idOf(after, image), idOf(after, text)]).toEqual([undefined, idOf(before, text)]);
});
