import {
  type Command,
  ControlServer,
  plainCommands,
  programCommands,
  type RunningStack,
  rfc3339,
  type Upcoming,
} from "@cdktf-serverless-ml/emulator";
import type { Input, Scenario } from "../shared/scenario";
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
}

/** What is printed about a stack that stays up. */
export interface Kept {
  /** URLs of the functions, the schedules, and the commands. */
  readonly text: string;
  readonly commands: readonly Command[];
}

/**
 * Puts the input in, if there is one, and makes a stack that runs ready for use from other shells.
 * Cloud Scheduler's jobs run at their times from now on. All this ends when the stack is stopped.
 *
 * @throws InputError, RequestFailed
 */
export async function keepStack(running: RunningStack, { scenario, input, samples }: KeepOptions): Promise<Kept> {
  const control = new ControlServer({
    schedules: running.schedules(),
    fire: (schedule) => running.fire(schedule),
    deadLetters: () => running.deadLetters().map(({ data, ...letter }) => ({ ...letter, data: data.toString() })),
  });
  await control.start();
  running.onStop(() => control.stop());
  const run = scenario?.create(running);
  const given = input ?? (scenario && inputFor(scenario, undefined, samples));
  if (given) await run?.prepare?.(given);
  if (input) await run?.submit(input);
  const own = run ? await run.commands(control.url, given?.path) : await plainCommands(running, control.url);
  const commands = [...own, ...(await deadLetterCommands(running, control.url)), ...(await programCommands(running))];
  const schedules = running.startSchedules().map(scheduleText);
  return { text: textOf(running, schedules, commands), commands };
}

async function deadLetterCommands(running: RunningStack, controlUrl: string): Promise<Command[]> {
  if (!running.hasDeadLetters()) return [];
  const curl = await running.curl({ controlUrl });
  return [{ title: "show the dead letters (no IAM check)", command: curl.deadLetters() }];
}

function scheduleText({ id, schedule, timeZone, next }: Upcoming): string {
  const when = next === undefined ? "paused" : `runs next at ${rfc3339(next)}`;
  return `schedule ${id}\n  ${schedule} (${timeZone}), ${when}`;
}

function textOf({ stack, parts }: RunningStack, schedules: readonly string[], commands: readonly Command[]): string {
  const { port, caFile } = parts.network;
  const functions = stack.resources.filter(({ type }) => type === "google_cloudfunctions2_function");
  return [
    `\n${stack.name} runs here until Ctrl-C.\n`,
    `Google's APIs and the functions answer on 127.0.0.1, TLS port ${port}, with the certificate authority ${caFile}`,
    ...functions.map(({ attributes }) => `function ${attributes.name}\n  ${attributes.service_config.uri}`),
    ...schedules,
    ...commands.map(({ title, command }) => `\n# ${title}\n${command}`),
  ].join("\n");
}
