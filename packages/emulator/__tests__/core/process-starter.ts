import { startProcess } from "../../src/core/process";

/**
 * Started by process.test.ts: starts the command that it is given, prints its output, and stays.
 */
const [, , command = "", mark = ""] = process.argv;
startProcess({
  command,
  env: { PATH: process.env.PATH ?? "" },
  log: { read: (stream) => stream.pipe(process.stdout), write: console.log },
  cleanUp: ["touch", mark],
});
