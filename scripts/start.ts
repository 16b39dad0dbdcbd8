import { endWithOthers, FlagError, takeNoArguments } from "@cdktf-serverless-ml/cli";
import { LoadError, StartError } from "@cdktf-serverless-ml/emulator";
import { runApp } from "./run-app";
import { runStacks } from "./run-stacks";

// `npm start`: synthesizes all stacks, prints their contents, and runs each stack locally on its
// sample.
endWithOthers();
start().catch((error: Error) => {
  process.exitCode = 1;
  const isPlain = [FlagError, LoadError, StartError].some((type) => error instanceof type);
  console.error(isPlain ? error.message : error);
});

async function start(): Promise<void> {
  takeNoArguments(process.argv.slice(2));
  const outdir = await runApp();
  // runApp has printed the errors of the app.
  if (process.exitCode) return;
  if (!(await runStacks(outdir))) process.exitCode = 1;
  console.log("Next: npm run local -- <stack> --keep, npm test, or npx cdktf deploy <stack> (see docs/deploying.md).");
}
