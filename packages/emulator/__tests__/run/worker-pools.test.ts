import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtualClock } from "../../src/core/virtual-clock";
import { Machine } from "../../src/machine/machine";
import type { MachineOptions } from "../../src/machine/options";
import { pubSub } from "../../src/pubsub";
import { workerPoolProblems } from "../../src/run/worker-pools";

// A stack with a worker pool of two instances that pull from one subscription.

const CLIENT = "client@acme-ml.iam.gserviceaccount.com";
const POOL = "google_cloud_run_v2_worker_pool";
const folder = mkdtempSync(join(tmpdir(), "pool-test-"));
afterAll(() => rmSync(folder, { recursive: true }));
const machines: Machine[] = [];
afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.stop();
});

/** Pulls over REST; acknowledges what it has printed. */
const PULLER = `
  process.on("SIGTERM", () => { console.log(JSON.stringify({ message: "bye" })); process.exit(0); });
  const ask = async (method, body) => {
    const host = "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token";
    const { access_token } = await (await fetch(host, { headers: { "metadata-flavor": "Google" } })).json();
    const url = "https://pubsub.googleapis.com/v1/" + process.env.SUBSCRIPTION + ":" + method;
    const headers = { authorization: "Bearer " + access_token, "content-type": "application/json" };
    const reply = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    if (!reply.ok) { console.error(await reply.text()); process.exit(1); }
    return reply.json();
  };
  (async () => {
    for (;;) {
      const { receivedMessages = [] } = await ask("pull", { maxMessages: 1 });
      for (const { ackId, message } of receivedMessages) {
        const text = Buffer.from(message.data, "base64").toString();
        if (text === "die") process.exit(9);
        console.log(JSON.stringify({ message: text, pool: process.env.CLOUD_RUN_WORKER_POOL, pid: process.pid }));
        await ask("acknowledge", { ackIds: [ackId] });
      }
      if (receivedMessages.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();`;

function stack(consume = true): string {
  const dir = mkdtempSync(join(folder, "stack-"));
  const member = "${google_service_account.pool.member}";
  const json = {
    provider: { google: [{ project: "acme-ml", region: "us-central1" }] },
    resource: {
      google_service_account: { client: { account_id: "client" }, pool: { account_id: "pool-runtime" } },
      google_pubsub_topic: { work: { name: "work" } },
      google_pubsub_subscription: { work: { name: "work-sub", topic: "${google_pubsub_topic.work.id}" } },
      google_pubsub_topic_iam_member: {
        client: { topic: "work", role: "roles/pubsub.publisher", member: "${google_service_account.client.member}" },
      },
      ...(consume && {
        google_pubsub_subscription_iam_member: {
          pool: { subscription: "work-sub", role: "roles/pubsub.subscriber", member },
        },
      }),
      [POOL]: {
        pool: {
          name: "embed-dev",
          location: "us-central1",
          scaling: { scaling_mode: "MANUAL", manual_instance_count: 2 },
          template: {
            service_account: "${google_service_account.pool.email}",
            containers: [
              {
                image: "gcr.io/acme-ml/embed",
                env: [{ name: "SUBSCRIPTION", value: "${google_pubsub_subscription.work.id}" }],
              },
            ],
          },
        },
      },
    },
  };
  writeFileSync(join(dir, "cdk.tf.json"), JSON.stringify(json));
  return dir;
}

async function start(code: string | undefined, options: MachineOptions = {}, dir = stack()) {
  const logs: { message: string; pool?: string; pid?: number }[] = [];
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "puller.cjs");
  writeFileSync(file, code ?? "");
  const machine = await Machine.start(dir, {
    ...(code !== undefined && { run: { embed: `'${process.execPath}' '${file}'` } }),
    onLog: (_, { message, fields }) => logs.push({ message, ...fields }),
    ...options,
  });
  machines.push(machine);
  return { machine, logs };
}

const publish = (running: ReturnType<Machine["run"]>, ...texts: string[]) =>
  running.client(CLIENT).json("POST", "https://pubsub.googleapis.com/v1/projects/acme-ml/topics/work:publish", {
    messages: texts.map((text) => ({ data: Buffer.from(text).toString("base64") })),
  });

test("instances pull as their account while a run lasts, also in the next one, and end with SIGTERM", async () => {
  const { machine, logs } = await start(PULLER);
  for (const clock of [undefined, new VirtualClock()]) {
    logs.length = 0;
    const running = machine.run({ clock });
    clock?.run(() => running.pending() > 0);
    await publish(running, ...Array.from({ length: 10 }, (_, index) => `m${index}`));
    expect(await running.settled(20_000)).toBe("idle");
    expect(running.service(pubSub).held("work-sub")).toEqual([]);
    await running.stop();
    clock?.stop();
    const done = logs.filter(({ pool }) => pool === "embed-dev");
    expect(done.map(({ message }) => message).sort()).toEqual(Array.from({ length: 10 }, (_, index) => `m${index}`));
    // The other one may have had no time to begin.
    expect(logs.map(({ message }) => message)).toContain("bye");
  }
});

test("an instance that is killed starts again", async () => {
  const { machine, logs } = await start(PULLER);
  const running = machine.run();
  await publish(running, "one");
  expect(await running.settled(20_000)).toBe("idle");
  expect(running.parts.workers.crash("embed-dev")).toBe(2);
  await publish(running, "two");
  expect(await running.settled(20_000)).toBe("idle");
  expect(logs.map(({ message }) => message)).toEqual(["one", "two"]);
  expect(logs[0]?.pid).not.toBe(logs[1]?.pid);
  await running.stop();
});

test("a pool without the right to pull is refused by name", async () => {
  const { machine } = await start(PULLER, {}, stack(false));
  const running = machine.run();
  while (running.parts.denials.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(running.parts.denials[0]).toMatchObject({
    email: "pool-runtime@acme-ml.iam.gserviceaccount.com",
    permission: "pubsub.subscriptions.consume",
  });
  await running.stop();
});

test("a program that does not stay up ends the run, with its last lines", async () => {
  const { machine } = await start("console.error('no model'); process.exit(3);");
  const running = machine.run();
  await publish(running, "one");
  expect(await running.settled(20_000)).toBe("failed");
  expect(running.parts.unsimulated[0]).toMatch(
    /^google_cloud_run_v2_worker_pool\.pool does not work: it ended 3 times as soon as it had started, with exit code 3\n {2}no model/,
  );
  await running.stop();
});

test("without a command the messages stay, and the run says what to give", async () => {
  const notices: string[] = [];
  const { machine } = await start(undefined, { onNotice: (notice) => notices.push(notice) });
  const running = machine.run();
  await publish(running, "one");
  expect(await running.settled(20_000)).toBe("idle");
  const why =
    "embed-dev is a container, and nothing stands for its image here. Give --run embed-dev=<command>, or --docker";
  expect([...running.parts.skipped]).toEqual([why]);
  expect(machine.missing()).toEqual([why]);
  expect(notices.join()).toContain(why);
  expect(running.service(pubSub).held("work-sub")).toHaveLength(1);
  await running.stop();
});

test("what cannot run here is named", () => {
  const containers = [{ image: "a" }];
  const pool = (scaling: object) => ({ address: "p", type: POOL, attributes: { template: { containers }, scaling } });
  expect(workerPoolProblems(pool({}))).toEqual([]);
  expect(workerPoolProblems(pool({ scaling_mode: "AUTOMATIC" }))).toEqual([
    "p: scaling.scaling_mode: given AUTOMATIC; simulated: MANUAL",
  ]);
});
