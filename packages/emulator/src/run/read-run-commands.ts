import { existsSync, readFileSync } from "node:fs";
import type { RunCommands } from "./run-commands";
import { RunCommandError } from "./run-commands";

/** Command lines by what names their targets. */
type Commands = Readonly<Record<string, string>>;

/**
 * Reads flags `--run <name>=<command>`.
 *
 * @throws RunCommandError
 */
export function readRunFlags(given: readonly string[]): Commands {
  const commands: Record<string, string> = {};
  for (const flag of given) {
    const [, name = "", command = ""] = /^([^=]*)=(.*)$/s.exec(flag) ?? [];
    if (name.trim() === "" || command.trim() === "") {
      throw new RunCommandError(`Given --run ${JSON.stringify(flag)}; allowed: --run <name>=<command>`);
    }
    if (Object.hasOwn(commands, name.trim())) throw new RunCommandError(`Given --run ${name} twice; allowed: once`);
    commands[name.trim()] = command.trim();
  }
  return commands;
}

/**
 * Reads `{ "run": { "<name>": "<command>" } }` from a file, if it is there. It may serve several
 * stacks, so names that a stack does not have are left out.
 *
 * @throws RunCommandError
 */
export function readRunFile(file: string, { knows }: { knows: RunCommands["knows"] }): Commands {
  if (!existsSync(file)) return {};
  let content: { run?: unknown };
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new RunCommandError(`${file} is not JSON: ${(error as Error).message}`);
  }
  const { run = {}, ...more } = Object(content);
  const commands = Object.entries(Object(run));
  const refuse = (given: string) => {
    throw new RunCommandError(`${file}: given ${given}; allowed: { "run": { "<name>": "<command>" } }`);
  };
  for (const key of Object.keys(more)) refuse(`the key ${JSON.stringify(key)}`);
  if (typeof run !== "object" || run === null || Array.isArray(run)) refuse(`${JSON.stringify(run)} as "run"`);
  for (const [name, command] of commands) {
    const isCommand = typeof command === "string" && command.trim() !== "";
    if (!isCommand) refuse(`${JSON.stringify(command)} as the command of ${JSON.stringify(name)}`);
  }
  return Object.fromEntries(commands.filter(([name]) => knows(name))) as Commands;
}
