import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { onlyIf } from "../../../../__tests__/support/only-if";
import { PYTHON, pythonHas } from "../../../../__tests__/support/python";
import type { Clock } from "../../src/core/clock";
import type { Network } from "../../src/network";
import { pubSub } from "../../src/pubsub";
import { FakeContext } from "../support/fake-context";
import { ACCOUNT, startNetwork } from "./support";

/*
 * workers/serverless_ml, as it pulls in a worker pool, with Google's own client.
 */

const WORKERS = join(__dirname, "..", "..", "..", "..", "workers");
const project = "acme-ml";
const topic = (name: string) => ({ address: name, type: "google_pubsub_topic", attributes: { name, project } });
const subscription = (name: string, of: string) => ({
  address: name,
  type: "google_pubsub_subscription",
  attributes: {
    name,
    project,
    topic: of,
    ...(of !== "dead" && {
      dead_letter_policy: [{ dead_letter_topic: "projects/acme-ml/topics/dead", max_delivery_attempts: 20 }],
      retry_policy: [{ minimum_backoff: "0.1s", maximum_backoff: "0.1s" }],
    }),
  },
});

/** Messages come again after their backoff; none of its timers keeps the process. */
const realTime: Clock = {
  now: () => Date.now(),
  at: (time, work) => {
    const timer = setTimeout(work, time - Date.now()).unref();
    return () => clearTimeout(timer);
  },
};

const PROGRAM = `
import json, os, signal, time
from google.cloud import pubsub_v1
from serverless_ml import PermanentError, pull_messages

done, tried = [], []

def handle(payload, context):
    try:
        work(payload, context)
    finally:
        # Not before each message came, in whatever order.
        if len(done) >= 3 and "bad" in tried:
            os.kill(os.getpid(), signal.SIGTERM)
            # What is under way ends.
            time.sleep(0.5)

def work(payload, context):
    tried.append(payload)
    if payload == "bad":
        raise PermanentError("bad_text", "The text is bad")
    if payload == "later" and tried.count("later") == 1:
        raise OSError("try again")
    done.append([payload, context.id == "7", context.attempt, context.redrives, context.attributes])

publisher = pubsub_v1.PublisherClient()
def publish(topic, text, **attributes):
    publisher.publish(f"projects/acme-ml/topics/{topic}", json.dumps(text).encode(), **attributes).result(timeout=20)
publish("texts", "bad", source="web")
publish("texts", "later", redriveMessageId="7")
publish("texts", "good", modality="text")
publish("again", "back", redriveMessageId="7", redriveCount="2")
pull_messages(handle)
subscriber = pubsub_v1.SubscriberClient()
[letter] = subscriber.pull(subscription="projects/acme-ml/subscriptions/kept", max_messages=5).received_messages
attributes = dict(letter.message.attributes)
print(json.dumps({"done": sorted(done), "tried": len(tried), "data": letter.message.data.decode(), "letter": attributes}))
`;

onlyIf(pythonHas("google.cloud.pubsub"), "python3 has no clients of Google", () => {
  let network: Network;
  let emulator: ReturnType<typeof pubSub.create>;
  beforeAll(async () => {
    ({ network } = await startNetwork());
    const resources = [topic("texts"), topic("again"), topic("dead")];
    const subscriptions = [
      subscription("mood", "texts"),
      subscription("mood-again", "again"),
      subscription("kept", "dead"),
    ];
    const around = Object.assign(new FakeContext(), { clock: realTime });
    emulator = pubSub.create(around, [...resources, ...subscriptions]);
    network.services.add(emulator, { rest: [], grpc: [] });
  });
  afterAll(() => network.stop());

  test("a worker pool in Python acknowledges, tries again, hands over and ends on SIGTERM", async () => {
    const file = await network.environmentFile(ACCOUNT);
    const { stdout } = await promisify(execFile)("sh", ["-c", `. '${file}' && exec '${PYTHON}' -c '${PROGRAM}'`], {
      timeout: 60_000,
      env: {
        ...process.env,
        PYTHONPATH: WORKERS,
        PYTHONDONTWRITEBYTECODE: "1",
        SUBSCRIPTION: "projects/acme-ml/subscriptions/mood",
        REDRIVE_SUBSCRIPTION: "projects/acme-ml/subscriptions/mood-again",
        DEAD_LETTER_TOPIC: "projects/acme-ml/topics/dead",
        SUBSCRIBER: "mood",
      },
    });
    const result = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    expect(result).toMatchObject({
      done: [
        ["back", true, 1, 2, {}],
        ["good", false, 1, 0, { modality: "text" }],
        // Only the second subscription may say which message it was at first.
        ["later", false, 2, 0, { redriveMessageId: "7" }],
      ],
      tried: 5,
      data: '"bad"',
      letter: { deadLetterReason: "bad_text", CloudPubSubDeadLetterSourceSubscription: "mood", source: "web" },
    });
    // So is what was under way at SIGTERM.
    const held = (id: string) => emulator.held(`projects/acme-ml/subscriptions/${id}`);
    expect([held("mood"), held("mood-again")]).toEqual([[], []]);
  }, 240_000);
});
