import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { counted } from "@cdktf-serverless-ml/cli";
import { onTerminal } from "@cdktf-serverless-ml/emulator";
import {
  describe as describeSummary,
  forEachConcurrently,
  inputFor,
  readStackWithOutputs,
  redriveWorker,
  runStack,
  type Summary,
  scenarioOf,
} from "@cdktf-serverless-ml/scenarios";
import { StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { describe } from "./contents";
import { type Turn, turns } from "./turns";

/** Stacks that run at once: while functions of one start, another one works. */
const AT_ONCE = Math.min(2, availableParallelism());

/**
 * Prints the contents of each synthesized stack, runs each stack of a known architecture on its
 * sample, and prints how many passed.
 *
 * @param outdir has `stacks/<stack>/cdk.tf.json`
 * @returns whether all stacks that ran passed
 * @throws as `runStack`
 */
export async function runStacks(outdir: string): Promise<boolean> {
  const folders = join(outdir, "stacks");
  const names = readdirSync(folders).sort();
  const nextTurn = turns();
  const results = new Map<string, Summary | undefined>();
  await forEachConcurrently(names, AT_ONCE, async (stack) => {
    const turn = nextTurn();
    try {
      results.set(stack, await runOne(stack, join(folders, stack), turn));
    } finally {
      await turn.end();
    }
  });
  const summaries = names.flatMap((stack) => results.get(stack) ?? []);
  const notRun = names.filter((stack) => results.get(stack) === undefined);
  // The samples contain nothing that may fail, so PARTIAL is a failure here.
  const bad = summaries.filter(({ verdict }) => verdict !== "OK");
  for (const { stack, verdict } of bad) console.log(`${verdict}  ${stack}`);
  const all = summaries.length + notRun.length;
  const passed = `${summaries.length - bad.length} of ${counted(all, "stack")} passed.`;
  console.log(
    notRun.length === 0 ? passed : `${passed} Not run: ${notRun.join(", ")} (none of the five architectures).`,
  );
  for (const stack of notRun) console.log(`To use ${stack} yourself: npm run local -- ${stack} --keep`);
  return bad.length === 0;
}

/** @returns undefined for a stack that is none of the five architectures */
async function runOne(stack: string, folder: string, { print }: Turn): Promise<Summary | undefined> {
  print(describe(stack, folder));
  const read = readStackWithOutputs(folder);
  const scenario = scenarioOf(read);
  if (!scenario) {
    print("  not run: it is none of the five architectures\n");
    return undefined;
  }
  const input = inputFor(scenario, undefined, "samples");
  // The samples leave nothing to put back.
  const unused = redriveWorker(StackIndex.of(read))?.name;
  const startsLater = (name: string) => name === unused;
  const summary = await runStack(folder, { scenario, input, startsLater, ...onTerminal(print) });
  print(`${describeSummary(summary)}\n`);
  return summary;
}
