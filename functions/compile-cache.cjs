"use strict";
/*
 * Google's build runs this file as the script `gcp-build`, when all packages are installed. It loads
 * the function once as an instance will, with Node's compile cache in a folder of the image, from
 * which instances then read what was compiled (NODE_COMPILE_CACHE). docs/own-worker.md#cold-starts
 *
 * usage: node compile-cache.cjs <folder, relative to this file>
 *
 * Whatever goes wrong here, the build goes on: instances start without a cache, as they did before.
 */
const { spawnSync } = require("node:child_process");
const { chmodSync, mkdirSync, readdirSync, rmSync } = require("node:fs");
const { Server } = require("node:net");
const { dirname, join } = require("node:path");

const [, , name, load] = process.argv;
const folder = join(__dirname, name);

/** Runs in a process of its own, which the function's code may end or block. */
function loadFunction() {
  // Once the framework would listen, everything is loaded.
  Server.prototype.listen = () => process.exit();
  require(join(dirname(require.resolve("@google-cloud/functions-framework")), "main.js"));
}

function fillCache() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  // Variables of the function are not known here. Code that asks for them fails, once it is compiled.
  spawnSync(process.execPath, [__filename, name, "load"], {
    cwd: __dirname,
    env: { ...process.env, NODE_ENV: "production", NODE_COMPILE_CACHE: folder },
    stdio: "ignore",
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  // Nothing is added later. Where the cache does not fit, as with another version of Node.js, an
  // instance would else compile into it anew, which costs more than no cache.
  const versions = readdirSync(folder).map((version) => join(folder, version));
  for (const each of [...versions, folder]) chmodSync(each, 0o555);
  const files = versions.flatMap((version) => readdirSync(version));
  console.log(`Node.js ${process.version} keeps ${files.length} compiled files in ${name}`);
}

if (load) {
  loadFunction();
} else {
  try {
    fillCache();
  } catch (error) {
    console.log(`no compile cache: ${error.message}`);
  }
}
