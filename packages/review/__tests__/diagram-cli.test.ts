import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diagramCommand } from "../src/diagram/command";
import { capture } from "./support";

const ROOT = join(__dirname, "..", "..", "..");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "diagram-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The command in this process. */
async function run(...args: string[]) {
  const printed = capture();
  const status = await diagramCommand(args);
  const { stdout, stderr } = printed();
  return { status, stdout, stderr: stderr.replaceAll(folder, "") };
}

/** The command as npm starts it. */
function start(...args: string[]) {
  const script = join(ROOT, "scripts", "ts.mjs");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [script, "packages/review/src/diagram/cli.ts", ...args],
    { encoding: "utf8", cwd: ROOT },
  );
  return { status, stdout, stderr: stderr.replaceAll(folder, "") };
}

/** A stack of another project, in lists. */
function stack(name: string, more: object = {}): string {
  const place = join(folder, "out", "stacks", name);
  mkdirSync(place, { recursive: true });
  const topic = { google_pubsub_topic: [{ requests: { name: "requests" } }] };
  const subscription = {
    google_pubsub_subscription: { pull: { name: "pull", topic: "${google_pubsub_topic.requests.id}" } },
  };
  writeFileSync(join(place, "cdk.tf.json"), JSON.stringify({ resource: [topic, subscription], ...more }));
  return place;
}

describe("npm run diagram draws any stack", () => {
  test("as Mermaid source where no place is given", () => {
    const { status, stdout, stderr } = start(stack("shop"));
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^flowchart LR\n/);
    expect(stdout).toContain("requests");
  });

  test("into a file of its kind", async () => {
    const place = stack("shop");
    for (const [name, start] of [
      ["new/shop.svg", "<svg"],
      ["shop.mmd", "flowchart LR"],
    ] as const) {
      const out = join(folder, name);
      expect(await run(place, "--out", out)).toEqual({ status: 0, stdout: `${out}\n`, stderr: "" });
      expect(readFileSync(out, "utf8")).toContain(start);
    }
  });

  test("into a folder, whose other files stay", async () => {
    stack("shop");
    stack("other");
    const out = join(folder, "drawn");
    mkdirSync(out);
    writeFileSync(join(out, "mine.txt"), "");
    expect((await run(join(folder, "out"), "--out", out)).status).toBe(0);
    expect(readdirSync(out).sort()).toEqual([
      "mine.txt",
      "other.mmd",
      "other.svg",
      "overview.svg",
      "shop.mmd",
      "shop.svg",
    ]);
  });

  test("and says what of it is not understood", async () => {
    const { status, stderr } = await run(stack("shop", { module: { m: { source: "./m" } } }));
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: "shop module is drawn as far as it is understood: module is not understood\n",
    });
  });

  test("--help", async () => {
    const { status, stdout } = await run("--help");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^usage: npm run diagram \[-- <dir>\] \[--out <file\|dir>\]\n/);
  });
});

test("bad input of the command as npm starts it", () => {
  expect(start("a", "b")).toEqual({ status: 1, stdout: "", stderr: "diagram: give one folder; given: a, b\n" });
});

test.each<[string, () => string[], string]>([
  [
    "an unknown option",
    () => ["--oot"],
    "diagram: Given --oot; allowed: --out, --help. For help: npm run diagram -- --help\n",
  ],
  ["two folders", () => ["a", "b"], "diagram: give one folder; given: a, b\n"],
  [
    "a place without a folder",
    () => ["--out", "x"],
    "diagram: --out needs a folder to draw. For help: npm run diagram -- --help\n",
  ],
  [
    "a folder without stacks",
    () => [folder],
    "diagram:  has no synthesized stacks: neither stacks/<name>/cdk.tf.json nor cdk.tf.json\n",
  ],
  [
    "a file for two stacks",
    () => {
      stack("a");
      stack("b");
      return [join(folder, "out"), "--out", join(folder, "x.svg")];
    },
    "diagram: /x.svg holds one stack, and there are 2 (a, b): give the folder of one, or a folder as --out\n",
  ],
])("bad input, %s: exit code 1, what is wrong and what is allowed", async (_, args, message) => {
  const { status, stdout, stderr } = await run(...args());
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toContain(message);
});
