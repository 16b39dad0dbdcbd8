// `npm run check`: lint and format, types, and imports, in parallel. Prints the output of each when
// it ends.
import { spawn } from "node:child_process";

// Files that did not change since the last time are not checked again: that saves two thirds.
const tsc = (name, project) =>
  `tsc --noEmit --incremental --tsBuildInfoFile node_modules/.cache/check-${name}.tsbuildinfo ${project}`;

const COMMANDS = [
  "biome check --error-on-warnings .",
  tsc("project", ""),
  tsc("page", "-p packages/console/page"),
  "npm run -s check:imports",
];

/** Runs a command of node_modules/.bin, which npm puts on the PATH. @returns its exit code */
function run(command) {
  return new Promise((resolve) => {
    const child = spawn(command, { shell: true, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        text += chunk;
      });
    }
    child.once("close", (code) => {
      process.stdout.write(text);
      if (code !== 0) console.error(`failed: ${command}`);
      resolve(code);
    });
  });
}

const codes = await Promise.all(COMMANDS.map(run));
process.exitCode = codes.every((code) => code === 0) ? 0 : 1;
