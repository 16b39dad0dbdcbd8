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
  /** How the stack is used; undefined for one that is none of the five architectures. */
  readonly scenario: Scenario | undefined;
  /** A file of the user's, which goes in at once and which the commands name. Default: the sample, in the commands alone. */
  readonly input?: Input;
  /** Folder of the samples. */
  readonly samples: string;
}

/** What a person sees of a stack that stays up: where its functions are, and commands that use it. */
export interface Kept {
  readonly text: string;
  readonly commands: readonly Command[];
}

/**
 * Puts the input in, if there is one, and makes a stack that runs ready for use from other shells. From now on Cloud Scheduler's
 * jobs run by the clock. What it opens is closed when the stack is stopped.
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
  const flow = scenario?.create(running);
  const given = input ?? (scenario && inputFor(scenario, undefined, samples));
  if (given) await flow?.prepare?.(given);
  if (input) await flow?.submit(input);
  const own = flow ? await flow.commands(control.url, given?.path) : await plainCommands(running, control.url);
  const commands = [...own, ...(await deadLetterCommands(running, control.url)), ...(await programCommands(running))];
  const schedules = running.startSchedules().map(scheduleText);
  return { text: textOf(running, schedules, commands), commands };
}

async function deadLetterCommands(running: RunningStack, controlUrl: string): Promise<Command[]> {
  if (!running.hasDeadLetters()) return [];
  const curl = await running.curl({ controlUrl });
  return [{ title: "show the dead letters, here without asking IAM", command: curl.deadLetters() }];
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
