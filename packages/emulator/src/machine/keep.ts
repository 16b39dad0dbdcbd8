import { rfc3339 } from "../core/values";
import type { Upcoming } from "../scheduler";
import { type Command, plainCommands, programCommands } from "./commands";
import { ControlServer, type StackOnMachine } from "./control-server";
import type { RunningStack } from "./running-stack";

/**
 * What a person sees of a stack that stays up: where its functions are, and commands that use it.
 */
export interface Kept {
  readonly text: string;
  readonly commands: readonly Command[];
}

/**
 * Makes a running stack ready for use from other shells. From now on Cloud Scheduler's jobs run by
 * the clock. Stopping the stack closes what this opens.
 *
 * @param commandsOf commands that use the stack, for the control server at a URL.
 * @default `plainCommands`
 */
export async function keepStack(
  running: RunningStack,
  commandsOf: (controlUrl: string) => Promise<readonly Command[]> = (url) => plainCommands(running, url),
): Promise<Kept> {
  const control = new ControlServer({
    schedules: running.schedules(),
    fire: (schedule) => running.fire(schedule),
    stack: await stackOnMachine(running),
    deadLetters: () => running.deadLetters().map(({ data, ...letter }) => ({ ...letter, data: data.toString() })),
  });
  await control.start();
  running.onStop(() => control.stop());
  const own = await commandsOf(control.url);
  const commands = [...own, ...(await deadLetterCommands(running, control.url)), ...(await programCommands(running))];
  const schedules = running.startSchedules().map(scheduleText);
  return { text: textOf(running, schedules, commands), commands };
}

async function stackOnMachine({ stack: { name, outputs }, parts, clientEmail }: RunningStack): Promise<StackOnMachine> {
  const { network } = parts;
  const metadata =
    outputs.client === undefined ? undefined : (await network.environment(clientEmail)).GCE_METADATA_HOST;
  return { stack: name, port: network.port, caFile: network.caFile, metadata, outputs };
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

function textOf(
  { stack, index, parts }: RunningStack,
  schedules: readonly string[],
  commands: readonly Command[],
): string {
  const { port, caFile } = parts.network;
  return [
    `\n${stack.name} runs here until Ctrl-C.\n`,
    `Google's APIs and the functions answer on 127.0.0.1, TLS port ${port}, with the certificate authority ${caFile}`,
    ...index
      .workers()
      .map(({ kind, name, uri }) => [`${kind} ${name}`, ...(uri === undefined ? [] : [uri])].join("\n  ")),
    ...schedules,
    ...commands.map(({ title, command }) => `\n# ${title}\n${command}`),
  ].join("\n");
}
