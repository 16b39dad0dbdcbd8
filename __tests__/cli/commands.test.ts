import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { onlyIf } from "../support/only-if";

/** Commands that a person types, with what their refusals begin with. */
const COMMANDS = [
  ["scripts/start.ts", 1, /^Given --frob; allowed: no arguments\n$/],
  [
    "packages/scenarios/src/cli.ts",
    2,
    /^Given --frob; allowed: --terraform, .*\. For help: npm run local -- --help\n$/,
  ],
  [
    "packages/review/src/cli.ts",
    1,
    /^review: Given --frob; allowed: --base, .*\. For help: npm run review -- --help\n$/,
  ],
  ["scripts/redrive/cli.ts", 2, /^Given --frob; allowed: --reason, .*\. For help: npm run redrive -- --help\n$/],
  ["bench/run.ts", 2, /^Given --frob; allowed: --save, .*\. For help: npm run bench -- --help\n$/],
  ["bench/soak.ts", 2, /^Given --frob; allowed: --stack, .*\. For help: npm run soak -- --help\n$/],
] as const;

test.each(COMMANDS)("%s: an unknown flag is refused in our words, and nothing runs", (script, code, message) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/ts.mjs", script, "--frob"], {
    encoding: "utf8",
  });
  expect({ status, stdout, stderr }).toEqual({ status: code, stdout: "", stderr: expect.stringMatching(message) });
});

// Of Windows, which has no SIGPIPE, no such convention is known.
onlyIf(process.platform !== "win32", "Windows has no SIGPIPE", () => {
  test.each(["packages/scenarios/src/cli.ts", "packages/review/src/cli.ts", "bench/soak.ts"])(
    "%s: where nobody reads what it writes it ends quietly, with the exit code of a broken pipe",
    async (script) => {
      const child = spawn(process.execPath, ["scripts/ts.mjs", script, "--help"], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      child.stdout.destroy();
      let said = "";
      child.stderr.on("data", (chunk) => {
        said += chunk;
      });
      const [code] = await once(child, "close");
      expect({ code, said }).toEqual({ code: 141, said: "" });
    },
  );
});
