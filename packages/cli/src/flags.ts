import { parseArgs } from "node:util";

export interface Flag {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** Whether errors do not list it. @default false */
  readonly hidden?: boolean;
  /** Whether it may be given several times. @default false */
  readonly multiple?: boolean;
}

/** The values of the given flags. */
export type Flags<T extends Readonly<Record<string, Flag>>> = {
  readonly [Name in keyof T]?: T[Name] extends { readonly multiple: true }
    ? readonly string[]
    : T[Name]["type"] extends "string"
      ? string
      : boolean;
};

/** A command line that is not valid: what was given, and what is allowed. */
export class FlagError extends Error {}

/**
 * Reads the arguments of a command, strictly: unknown flags, missing and superfluous values and
 * repeated flags are errors, in the same words on every version of Node.js.
 *
 * @param flags by their names, without dashes
 * @returns the flags' values, and all other arguments in their order
 * @throws FlagError
 */
export function readFlags<T extends Readonly<Record<string, Flag>>>(
  args: readonly string[],
  flags: T,
): { values: Flags<T>; positionals: string[] } {
  // The strict mode of parseArgs has other messages in each version of Node.js.
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options: flags,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, string | boolean | string[]> = {};
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token;
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (!flag) throw new FlagError(`Given ${rawName}; allowed: ${names(flags)}`);
    if (Object.hasOwn(values, name) && !flag.multiple) throw new FlagError(`Given ${rawName} twice; allowed: once`);
    if (flag.type === "boolean") {
      if (value !== undefined) throw new FlagError(`Given ${rawName}=${value}; allowed: ${rawName}, without a value`);
      values[name] = true;
      continue;
    }
    // A value that begins with a dash is the next flag, unless it follows an equals sign.
    if (value === undefined || (!inlineValue && value.startsWith("-"))) {
      throw new FlagError(`Given ${rawName} without a value; allowed: ${rawName} <value>, or ${rawName}=<value>`);
    }
    if (flag.multiple) values[name] = [...((values[name] as string[] | undefined) ?? []), value];
    else values[name] = value;
  }
  return { values: values as Flags<T>, positionals };
}

/** For a command without arguments. @throws FlagError */
export function takeNoArguments(args: readonly string[]): void {
  if (args.length > 0) throw new FlagError(`Given ${args.join(" ")}; allowed: no arguments`);
}

function names(flags: Readonly<Record<string, Flag>>): string {
  const all = Object.entries(flags).flatMap(([name, { hidden }]) => (hidden ? [] : [`--${name}`]));
  return all.length === 0 ? "no flags" : all.join(", ");
}

/**
 * The value of a flag that takes a whole number.
 *
 * @throws FlagError with what was given and what is allowed
 */
export function wholeFlag(flag: string, given: string, min: number, max: number): number {
  const value = Number(given);
  if (/^\d{1,15}$/.test(given) && value >= min && value <= max) return value;
  throw new FlagError(`Given --${flag} ${JSON.stringify(given)}; allowed: a whole number from ${min} to ${max}`);
}
