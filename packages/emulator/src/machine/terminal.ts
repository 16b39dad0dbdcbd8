import { counted } from "@cdktf-serverless-ml/cli";
import type { LoadError } from "../core/load-error";
import type { LogEntry } from "../core/log";
import type { StartOptions } from "./options";

/** Prints hops and errors of functions as they come. @param write default: console.log */
export function onTerminal(
  write: (line: string) => void = console.log,
): Pick<StartOptions, "write" | "colours" | "onLog"> {
  return {
    write,
    colours: process.stdout.isTTY && !process.env.NO_COLOR,
    onLog: (name, entry) => {
      const line = logLine(name, entry);
      if (line !== undefined) write(line);
    },
  };
}

/** A warning or an error of a function's log, in one line. Undefined for other entries. */
export function logLine(functionName: string, { severity, message }: LogEntry): string | undefined {
  if (severity === "INFO" || severity === "DEBUG" || severity === "DEFAULT") return undefined;
  return `           ${functionName}  ${severity}  ${message.split("\n")[0]}`;
}

/** Prints each notice once, on standard error. */
export function noticesOnce(): (notice: string) => void {
  const printed = new Set<string>();
  return (notice) => {
    if (!printed.has(notice)) console.error(`note: ${notice}`);
    printed.add(notice);
  };
}

/** Says why a stack does not load, with one line for each reason. */
export function describeLoadError({ reasons }: LoadError): string {
  const lines = reasons.map((reason) => `  ${reason}`);
  return `This stack cannot run locally; ${counted(reasons.length, "reason")}:\n${lines.join("\n")}`;
}
