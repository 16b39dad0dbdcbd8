import { join } from "node:path";
import { filesOf, readBlocks } from "../../../../__tests__/docs/markdown";
import { copyProject, removeFolders, run, temporaryFolder, writeInto } from "../../../../__tests__/synth/project-copy";
import { inProcess } from "../support/in-process";

// The stack, its worker and its driver are those of the pages.
const pages = filesOf([...readBlocks("docs/own-worker.md"), ...readBlocks("docs/local.md")]);
const STACK = ["main.ts", "stacks/shouting.ts", "functions/shout-worker/index.ts"];
const DRIVER = "drivers/shout.ts";
const clone = temporaryFolder("a clone");
const stack = join(clone, "cdktf.out", "stacks", "shouting");

beforeAll(() => {
  copyProject(clone);
  for (const path of [...STACK, DRIVER]) writeInto(clone, path, pages.get(path) ?? "");
  run("npm", ["run", "--silent", "synth"], clone);
});

afterAll(removeFolders);

function driver(name: string, text: string): string {
  writeInto(clone, name, text);
  return join(clone, name);
}

/** The command, in this process; run/cli.test.ts starts it as users do. */
async function local(...args: string[]) {
  const settings = { INIT_CWD: undefined, NO_COLOR: "1" };
  const { status, stdout, stderr } = await inProcess(["--terraform", stack, "--quiet", "--json", ...args], settings);
  return { status, stderr, json: () => JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") };
}

describe("the driver of docs/local.md", () => {
  const shout = join(clone, DRIVER);

  test("runs the stack with one item", async () => {
    const { status, json } = await local("--drive", shout);
    expect(json()).toMatchObject({ stack: "shouting", verdict: "OK", accepted: 1, done: 1 });
    expect(status).toBe(0);
  });

  test("brings injected faults: each item ends in one effect or one dead letter", async () => {
    const { status, json } = await local("--drive", shout, "--faults", "--seed", "7", "--inputs", "30");
    expect(json()).toMatchObject({
      accepted: 30,
      done: 27,
      deadLettered: 3,
      lost: 0,
      unexpected: 0,
      repeatedEffects: 0,
    });
    expect(status).toBe(0);
  });

  test("brings the IAM check: each binding is needed, and none is missing", async () => {
    const { status, json } = await local("--drive", shout, "--check-iam");
    expect(json()).toMatchObject({ verdict: "OK", unproven: [], missing: [] });
    expect(json().necessary).toBe(json().bindings);
    expect(status).toBe(0);
  });
});

const BAD: readonly [string, string, string][] = [
  [
    "says which function is missing",
    "export const driver = { submit: async () => '' };",
    'exports no driver: "driver" or the default export needs the functions submit and effects; effects is missing\n',
  ],
  ["does not compile", "export const = 1;", "cannot be loaded: Build failed with 1 error:"],
  ["throws while it is loaded", "throw new Error('no luck');", "cannot be loaded: no luck\n"],
];
test.each(BAD)("a driver that %s: exit code 2", async (_, text, message) => {
  const { status, stderr } = await local("--drive", driver("bad.ts", text));
  expect(stderr).toContain(message);
  expect(status).toBe(2);
});

test("a driver that is not there is named, and so is a stack that nothing says how to use: exit code 2", async () => {
  const missing = await local("--drive", "nowhere.ts");
  expect(missing.stderr).toContain("nowhere.ts");
  expect(missing.stderr).toContain("There is no file");
  expect(missing.status).toBe(2);
  const undriven = await local();
  expect(undriven.stderr).toBe(
    "shouting is none of the five architectures. Use --keep and call it yourself, or --drive <module> to say how it is used\n",
  );
  expect(undriven.status).toBe(2);
});
