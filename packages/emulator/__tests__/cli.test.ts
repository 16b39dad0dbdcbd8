import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { smallStack } from "./support/small-stack";

const BIN = join(__dirname, "..", "bin", "emulate.mjs");
const stack = smallStack();
afterAll(() => stack.remove());

function emulate(...args: string[]) {
  return spawnSync(process.execPath, [BIN, ...args], {
    encoding: "utf8",
    env: { ...process.env, INIT_CWD: undefined },
  });
}

/** Calls a function of a stack that stays up, as the printed text says. */
function call(text: string, name: string): Promise<string> {
  const [, port, caFile = ""] = /TLS port (\d+), with the certificate authority (\S+)/.exec(text) ?? [];
  const [, url = ""] = new RegExp(`function ${name}\\n {2}(\\S+)`).exec(text) ?? [];
  const { hostname } = new URL(url);
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port,
      ca: readFileSync(caFile),
      servername: hostname,
      headers: { host: hostname },
    };
    const outgoing = request(options, (incoming) => {
      incoming.setEncoding("utf8").once("data", resolve);
    });
    outgoing.once("error", reject).end();
  });
}

test("a stack stays up, prints how it is called, answers, and ends with the command", async () => {
  const child = spawn(process.execPath, [BIN, stack.folder, "--quiet"], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
  let text = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
      if (text.includes("# run a program of yours")) resolve();
    });
    child.once("exit", () => reject(new Error(`ended early:\n${text}`)));
  });
  expect(text).toContain("small runs here until Ctrl-C.");
  expect(text).toContain("# call hello, as anybody may\ncurl ");
  expect(text).toContain("# upload a text to acme-ml-things as client@acme-ml.iam.gserviceaccount.com\n");
  expect(await call(text, "hello")).toBe('{"hello":"world"}');
  child.kill("SIGINT");
  expect(await ended).toBe("SIGINT");
});

test("--help says what there is", () => {
  const { status, stdout } = emulate("--help");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^usage: emulate <folder> \[options\]\n/);
  expect([...stdout.matchAll(/^ {2}(--\w+)/gm)].map(([, flag]) => flag)).toEqual([
    "--run",
    "--python",
    "--docker",
    "--secrets",
    "--quiet",
    "--help",
  ]);
});

test.each([
  [[], "Given 0 folders; allowed: one. For help: emulate --help\n"],
  [["a", "b"], "Given 2 folders; allowed: one. For help: emulate --help\n"],
  [
    ["--loud"],
    "Given --loud; allowed: --run, --docker, --python, --secrets, --quiet, --help. For help: emulate --help\n",
  ],
  [["no-such-folder"], expect.stringMatching(/no-such-folder.*cdk\.tf\.json/)],
  [[stack.folder, "--secrets", "no-such-file"], expect.stringMatching(/no-such-file cannot be read/)],
])("%j is an error with what is allowed", (args, message) => {
  const { status, stderr } = emulate(...args);
  expect([status, stderr]).toEqual([2, message]);
});
