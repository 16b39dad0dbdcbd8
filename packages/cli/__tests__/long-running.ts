import { endWithOthers } from "../src";

// A command that runs until it is ended, for ending.test.ts.
endWithOthers();
process.on("exit", (code) => process.stderr.write(`exit ${code}\n`));
process.on("SIGTERM", () => process.exit(143));
console.log(process.pid);
setInterval(() => console.log("line"), 20);
