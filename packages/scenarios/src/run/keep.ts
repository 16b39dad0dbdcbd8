import * as emulator from "@cdktf-serverless-ml/emulator";
import type { Input, Scenario, ScenarioRun } from "../shared/scenario";
import { inputFor } from "./run-stack";

export interface KeepOptions {
  /** How the stack is used. Undefined for a stack that is none of the five architectures. */
  readonly scenario: Scenario | undefined;
  /**
   * A file that goes in at once and that the commands use.
   * @default - nothing goes in, and the commands use the sample
   */
  readonly input?: Input;
  /** Folder of the samples. */
  readonly samples: string;
  /** A use of the stack that others look at, too. @default - a new one */
  readonly run?: ScenarioRun;
}

/**
 * Puts the input in, if there is one, and makes a stack that runs ready for use from other shells.
 * Cloud Scheduler's jobs run at their times from now on. All this ends when the stack is stopped.
 *
 * @throws InputError, RequestFailed
 */
export function keepStack(
  running: emulator.RunningStack,
  { scenario, input, samples, run = scenario?.create(running) }: KeepOptions,
): Promise<emulator.Kept> {
  if (!scenario || !run) return emulator.keepStack(running);
  return emulator.keepStack(running, async (controlUrl) => {
    const given = input ?? inputFor(scenario, undefined, samples);
    await run.prepare?.(given);
    if (input) await run.submit(input);
    return [...(await run.commands(controlUrl, given.path)), ...redriveCommand(running, controlUrl)];
  });
}

function redriveCommand({ stack: { name, outputs } }: emulator.RunningStack, controlUrl: string): emulator.Command[] {
  if (outputs.redrive_url === undefined) return [];
  const title = "put dead letters back to where they came from";
  // npm, by which the run was started, is in the project's folder.
  const npm = `npm --prefix ${JSON.stringify(process.cwd())} run -s redrive`;
  return [{ title, command: `${npm} -- ${name} --local ${controlUrl}` }];
}
