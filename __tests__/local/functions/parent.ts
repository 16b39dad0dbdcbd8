import { Bench } from "./support";

// A program that runs a function which starts a process of its own, tells both, and goes on until it is ended.
const CODE = `
const child = require("node:child_process").spawn("sleep", ["600"]);
exports.handler = (req, res) => res.json({ pids: [process.pid, child.pid], folder: __dirname, home: process.env.HOME });`;

async function main(): Promise<void> {
  const bench = await new Bench({ f: { code: CODE } }).start();
  console.log((await bench.call("f")).body.toString());
  setInterval(() => {}, 1000);
}
void main();
