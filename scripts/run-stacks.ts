import { readdirSync } from "node:fs";
import { join } from "node:path";
import { counted } from "@cdktf-serverless-ml/cli";
import { onTerminal } from "@cdktf-serverless-ml/emulator";
import {
  describe as describeSummary,
  inputFor,
  readStackWithOutputs,
  runStack,
  type Summary,
  scenarioOf,
} from "@cdktf-serverless-ml/scenarios";
import { describe } from "./contents";

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
  const summaries: Summary[] = [];
  const notRun: string[] = [];
  for (const stack of readdirSync(folders).sort()) {
    const folder = join(folders, stack);
    describe(stack, folder);
    const scenario = scenarioOf(readStackWithOutputs(folder));
    if (!scenario) {
      console.log("  not run: it is none of the five architectures\n");
      notRun.push(stack);
      continue;
    }
    const summary = await runStack(folder, {
      scenario,
      input: inputFor(scenario, undefined, "samples"),
      ...onTerminal(),
    });
    console.log(`${describeSummary(summary)}\n`);
    summaries.push(summary);
  }
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
