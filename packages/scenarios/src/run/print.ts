import type { LogEntry, StartOptions } from "@cdktf-serverless-ml/emulator";
import type { Summary } from "./summary";

/** Numbers of a run, refusals by name, and what came out of it, for people. What seldom happens is counted only where it did. */
export function describe(summary: Summary): string {
  const { stack, verdict, outputs, deadLetters, failedRecords, refused, error } = summary;
  const { accepted, done, partial, deadLettered, notReached, lost, unexpected, repeatedEffects, hops } = summary;
  const numbers = Object.entries({
    accepted,
    done,
    ...(partial > 0 && { partial }),
    deadLettered,
    ...(notReached > 0 && { notReached }),
    lost,
    unexpected,
    repeatedEffects,
    hops,
  });
  return [
    `${verdict}  ${stack}  ${numbers.map(([name, value]) => `${name} ${value}`).join(", ")}`,
    ...refused.map((what) => `  refused: ${what}`),
    ...deadLetters.map((letter) => `  dead letter: ${letter}`),
    ...failedRecords.map((records) => `  failed records: ${records}`),
    ...(error === undefined ? [] : [`  error: ${error}`]),
    ...Object.entries(outputs).flatMap(([name, value]) => lines(name, value)),
  ].join("\n");
}

function lines(name: string, value: unknown): string[] {
  if (Array.isArray(value)) return [`  ${name}:`, ...value.map((item) => `    ${plain(item)}`)];
  return [`  ${name}: ${plain(value)}`];
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Lines of a function's log that people should see: what went wrong, in one line each. */
export function logLine(functionName: string, { severity, message }: LogEntry): string | undefined {
  if (severity === "INFO" || severity === "DEBUG" || severity === "DEFAULT") return undefined;
  return `           ${functionName}  ${severity}  ${message.split("\n")[0]}`;
}

/** Prints hops, and what goes wrong in functions, as they come. */
export function onTerminal(): Pick<StartOptions, "write" | "colours" | "onLog"> {
  return {
    write: console.log,
    colours: process.stdout.isTTY && !process.env.NO_COLOR,
    onLog: (name, entry) => {
      const line = logLine(name, entry);
      if (line !== undefined) console.log(line);
    },
  };
}
