import type { HostOptions } from "@cdktf-serverless-ml/emulator";
import { exitCodeOf } from "../run/summary";
import type { Scenario } from "../shared/scenario";
import { checkIam, type IamCheckOptions } from "./check-iam";
import { describeIamReport, summaryOf, verdictOf } from "./report";

export interface IamCommand extends HostOptions {
  /** Folder with `cdk.tf.json`. */
  readonly folder: string;
  readonly scenario: Scenario;
  readonly json: boolean;
  readonly quiet: boolean;
}

/**
 * Checks a stack's IAM bindings and prints the report.
 *
 * @returns the exit code
 * @throws as `checkIam`
 */
export async function checkIamCommand({ folder, json, quiet, ...options }: IamCommand): Promise<number> {
  const report = await checkIam(folder, { ...options, ...(!quiet && { onProgress: progressOn(process.stderr) }) });
  console.log(describeIamReport(report, { quiet, colours: process.stdout.isTTY && !process.env.NO_COLOR }));
  if (json) console.log(JSON.stringify(summaryOf(report)));
  return exitCodeOf({ verdict: verdictOf(report) });
}

/**
 * Shows progress as one line of a terminal, which is empty at the end. Undefined for a stream that
 * is no terminal.
 */
export function progressOn(stream: NodeJS.WriteStream): IamCheckOptions["onProgress"] {
  if (!stream.isTTY) return undefined;
  return (done, all) => stream.write(done < all ? `\r${done} of ${all} runs` : "\r\x1b[K");
}
