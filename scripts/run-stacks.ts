import { readdirSync } from "node:fs";
import { join } from "node:path";
import { counted } from "@cdktf-serverless-ml/cli";
import {
  describe as describeSummary,
  inputFor,
  onTerminal,
  readStackWithOutputs,
  runStack,
  type Summary,
  scenarioOf,
} from "@cdktf-serverless-ml/scenarios";
import { describe } from "./contents";

/**
 * Says what each synthesized stack holds, runs each that there is a sample for on this machine, and counts how they did.
 *
 * @param outdir holds `stacks/<stack>/cdk.tf.json`
 * @returns whether all that ran did what they should
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
      console.log("  not run: it is none of the five architectures, so there is no scenario for it\n");
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
  // On the samples of this repository nothing may fail, so that a part is too much.
  const bad = summaries.filter(({ verdict }) => verdict !== "OK");
  for (const { stack, verdict } of bad) console.log(`${verdict}  ${stack}`);
  const all = summaries.length + notRun.length;
  const good = `${summaries.length - bad.length} of ${counted(all, "stack")} did on this machine what they should`;
  console.log(
    notRun.length === 0 ? `${good}.` : `${good}; ${notRun.length} not run: no scenario (${notRun.join(", ")}).`,
  );
  for (const stack of notRun) console.log(`To use ${stack} yourself: npm run local -- ${stack} --keep`);
  return bad.length === 0;
}
