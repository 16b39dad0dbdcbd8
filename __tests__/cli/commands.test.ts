import { spawnSync } from "node:child_process";

/** Commands that a person types, with what their refusals begin with. */
const COMMANDS = [
  ["scripts/start.ts", 1, /^Given --frob; allowed: no arguments\n$/],
  ["local/cli.ts", 2, /^Given --frob; allowed: --terraform, .*; npm run local -- --help says more\n$/],
  ["review/cli.ts", 1, /^review: Given --frob; allowed: --base, .*; --help tells more\n$/],
  ["bench/soak.ts", 2, /^Given --frob; allowed: --stack, .*; npm run soak -- --help says more\n$/],
] as const;

test.each(COMMANDS)("%s: an unknown flag is refused in our words, and nothing runs", (script, code, message) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/ts.mjs", script, "--frob"], {
    encoding: "utf8",
  });
  expect({ status, stdout, stderr }).toEqual({ status: code, stdout: "", stderr: expect.stringMatching(message) });
});
