import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { endWithOthers, FlagError, takeNoArguments } from "@cdktf-serverless-ml/cli";
import { Console } from "@cdktf-serverless-ml/console";
import { irisOrEcho, type RunningStack, SkippingClock } from "@cdktf-serverless-ml/emulator";
import { inputFor, keepStack, readStackWithOutputs, scenarioOf, startStack } from "@cdktf-serverless-ml/scenarios";
import { Watch } from "./watch/watch";

// `npm run console`: all synthesized stacks side by side, with one console.
const STACKS = join("cdktf.out", "stacks");
const SAMPLES = "samples";

endWithOthers();
main().catch((error: Error) => {
  console.error(error instanceof FlagError ? error.message : error);
  process.exit(1);
});

async function main(): Promise<void> {
  takeNoArguments(process.argv.slice(2));
  const names = existsSync(STACKS)
    ? readdirSync(STACKS).filter((name) => existsSync(join(STACKS, name, "cdk.tf.json")))
    : [];
  if (names.length === 0) throw new FlagError(`${STACKS} has no stacks yet. Run: npm run synth`);
  const shown = await Console.start();
  const watch = new Watch(shown, console.log);
  for (const name of names) shown.announce(name);
  console.log(`Console: ${shown.url}`);
  for (const name of names.sort()) {
    try {
      watch.add(await start(name, shown), join(STACKS, name));
      console.log(`${name} runs`);
    } catch (error) {
      shown.announce(name, (error as Error).message);
      console.error(`${name} does not run: ${(error as Error).message}`);
    }
  }
}

async function start(name: string, shown: Console): Promise<RunningStack> {
  const folder = join(STACKS, name);
  const notices: string[] = [];
  const running = await startStack(folder, {
    clock: new SkippingClock(),
    chooseModel: irisOrEcho,
    onNotice: (notice) => notices.push(notice),
  });
  const scenario = scenarioOf(readStackWithOutputs(folder));
  const run = scenario?.create(running);
  const input = scenario && inputFor(scenario, undefined, SAMPLES);
  await shown.add({ running, scenario, run, input, notices });
  await keepStack(running, { scenario, samples: SAMPLES, run });
  return running;
}
