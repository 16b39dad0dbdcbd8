import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { readStack } from "@cdktf-serverless-ml/terraform-json";
import { synthesized } from "../../../../__tests__/support/synthesized";
import { programCommands } from "../../src/machine/commands";
import { startStack } from "../../src/machine/machine";

// The lines that --keep prints for a program of one's own, run as printed.

const root = join(__dirname, "../../../..");
const folder = mkdtempSync(join(tmpdir(), "programs-"));
const stacks = synthesized();
afterAll(() => {
  stacks.remove();
  rmSync(folder, { recursive: true });
});

const PROGRAM = `
  const { PubSub } = require(${JSON.stringify(join(root, "node_modules/@google-cloud/pubsub"))});
  const [topic, name] = process.argv.slice(2);
  const subscription = new PubSub().subscription(name);
  const end = (what) => { console.log(what); process.exit(); };
  subscription.on("error", ({ code }) => end("refused " + code));
  subscription.on("message", (message) => { message.ack(); end(message.data.toString()); });
  if (topic) new PubSub().topic(topic).publishMessage({ data: Buffer.from("mine"), attributes: { modality: "text" } })
    .catch(({ code }) => end("refused " + code));`;

test("as the stack's client a program publishes, and may not consume; a stack's pull consumer may", async () => {
  const stack = stacks.stack("pubsub-fanout");
  const running = await startStack(stack);
  try {
    writeFileSync(join(folder, "program.js"), PROGRAM);
    const commands = await programCommands(running);
    const as = (name: string) => commands.find(({ title }) => title.includes(` as ${name}`))?.command ?? "false";
    const run = async (command: string, ...args: unknown[]) =>
      (await promisify(execFile)("sh", ["-c", command.replace(")", ` ${args.join(" ")})`)], { cwd: folder })).stdout;

    const { topic_name: topic, subscription_name: pulled } = readStack(stack).outputs;
    expect(await run(as("pubsub-fanout-client"), topic, pulled)).toBe("refused 7\n");
    expect(await run(as("pubsub-fanout-consumer"), "''", pulled)).toBe("mine\n");
    expect(commands).toHaveLength(2);
  } finally {
    await running.stop();
  }
});
