import { join } from "node:path";
import { Bench, json } from "./support";

// A program that runs a function which starts a process of its own, tells both, and goes on until
// it is ended.
const CODE = `
const child = require("node:child_process").spawn("sleep", ["600"]);
exports.handler = (req, res) => res.json({ pids: [process.pid, child.pid], folder: __dirname, home: process.env.HOME });`;

async function main(): Promise<void> {
  const bench = await new Bench({ f: { code: CODE } }).start();
  console.log(JSON.stringify({ ...json(await bench.call("f")), sources: join(bench.folder, "f.zip") }));
  setInterval(() => {}, 1000);
}
void main();
