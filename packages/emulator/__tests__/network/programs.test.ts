import { execFile } from "node:child_process";
import { request } from "node:http";
import { promisify } from "node:util";
import { onlyIf } from "../../../../__tests__/support/only-if";
import { PYTHON, pythonHas } from "../../../../__tests__/support/python";
import type { Network } from "../../src/network";
import { pubSub } from "../../src/pubsub";
import { FakeContext } from "../support/fake-context";
import { ACCOUNT, restService, startNetwork } from "./support";

/*
 * Programs outside a run, in other processes of the shell, as docs/local.md says to start them.
 * Nothing in them names the run: Google's clients are made without options.
 */

const around = new FakeContext();
const pubsub = pubSub.create(around, [
  { address: "t", type: "google_pubsub_topic", attributes: { name: "topic", project: "acme-ml" } },
  { address: "s", type: "google_pubsub_subscription", attributes: { name: "sub", project: "acme-ml", topic: "topic" } },
]);
const storage = restService(["storage.googleapis.com"], {
  "GET /storage/v1/b/b/o/in.txt": () => ({ bucket: "b", name: "in.txt", size: "5", generation: "7" }),
});
let network: Network;
let refused: string[];

beforeAll(async () => {
  ({ network, refused } = await startNetwork());
  network.services.add(pubsub, { rest: [storage], grpc: [] });
});
afterAll(() => network.stop());

/** Runs a command as the lines of `--keep` do: in a shell that has read the file. */
async function inShell(command: string): Promise<string> {
  const file = await network.environmentFile(ACCOUNT);
  const { stdout } = await promisify(execFile)("sh", ["-c", `(. '${file}' && ${command})`], { timeout: 60_000 });
  return stdout.trim();
}

const NODE = `
  const { PubSub } = require("@google-cloud/pubsub");
  const { Storage } = require("@google-cloud/storage");
  const pubsub = new PubSub();
  const subscription = pubsub.subscription("sub");
  subscription.on("message", async (message) => {
    message.ack();
    await subscription.close();
    const [metadata] = await new Storage().bucket("b").file("in.txt").getMetadata();
    const elsewhere = await fetch("https://example.com/").catch(({ cause }) => cause.code);
    console.log(JSON.stringify([message.data.toString(), metadata.size, elsewhere]));
  });
  pubsub.topic("topic").publishMessage({ data: Buffer.from("from node") });`;

test("Node.js: subscription.on, uploads, and no other host", async () => {
  const program = NODE.replaceAll("\n", " ");
  expect(JSON.parse(await inShell(`'${process.execPath}' -e '${program}'`))).toEqual(["from node", "5", "ENOTFOUND"]);
});

const IN_PYTHON = `
from concurrent.futures import Future
from google.cloud import pubsub, storage
import requests

publisher = pubsub.PublisherClient()
publisher.publish("projects/acme-ml/topics/topic", b"from python").result(timeout=20)
received = Future()
def listen(message):
    message.ack()
    received.set_result(message.data.decode())
subscriber = pubsub.SubscriberClient()
streaming = subscriber.subscribe("projects/acme-ml/subscriptions/sub", callback=listen)
text = received.result(timeout=20)
streaming.cancel()
streaming.result(timeout=20)
size = storage.Client().bucket("b").get_blob("in.txt").size
try:
    elsewhere = requests.get("https://example.org/").status_code
except requests.exceptions.ProxyError:
    elsewhere = "refused"
print([text, size, elsewhere])
`;

onlyIf(pythonHas("google.cloud.pubsub", "google.cloud.storage"), `${PYTHON} has no clients of Google`, () => {
  test("Python: subscriber.subscribe, Cloud Storage, and no other host", async () => {
    expect(await inShell(`'${PYTHON}' -c '${IN_PYTHON.replaceAll("'", `'\\''`)}'`)).toBe(
      "['from python', 5, 'refused']",
    );
    expect(refused).toContain("example.org");
  });
});

test("the proxy leads only to Google's hosts, and only over TLS", async () => {
  const { HTTP_PROXY = "" } = await network.programEnvironment(ACCOUNT);
  const { hostname, port } = new URL(HTTP_PROXY);
  const status = (options: object) =>
    new Promise((resolve, reject) => {
      const outgoing = request({ hostname, port, ...options });
      outgoing.once("connect", ({ statusCode }, socket) => {
        socket.destroy();
        resolve(statusCode);
      });
      outgoing.once("response", ({ statusCode }) => resolve(statusCode));
      outgoing.once("error", reject).end();
    });
  expect(await status({ method: "CONNECT", path: "pubsub.googleapis.com:443" })).toBe(200);
  expect(await status({ method: "CONNECT", path: "pubsub.googleapis.com:80" })).toBe(403);
  expect(await status({ method: "CONNECT", path: "googleapis.com.example.net:443" })).toBe(403);
  expect(await status({ method: "GET", path: "http://example.net/" })).toBe(403);
  expect(refused).toEqual(expect.arrayContaining(["googleapis.com.example.net", "example.net"]));
});
