import { FlagError, readFlags, wholeFlag } from "@cdktf-serverless-ml/cli";

export const USAGE = `usage: npm run redrive -- <stack> [options]

Puts the dead letters of a stack back to where they came from: tasks to their queue, messages to the one subscriber that
failed. It calls the stack's redrive function until all is done. docs/workers.md says what that keeps to.

  <stack>              a deployed stack, by its folder in cdktf.out/stacks
  --reason <r>         only letters whose deadLetterReason is this (default: all; Pub/Sub's own letters have "none")
  --max <n>            letters at most, 1 to 1000000 (default: all)
  --per-second <n>     letters per second, 0.1 to 500 (default: 10)
  --source <s>         only letters that this subscription keeps (default: all of the stack)
  --url <url>          URL of the function (default: the output redrive_url, asked of terraform)
  --as <account>       service account that calls it, impersonated (default: the output client)
  --local <url>        a run of this machine (npm run local -- <stack> --keep): the URL of its control server
  --help               prints this text

The token comes from gcloud, or where that is not installed, from Application Default Credentials.

exit code: 0 all letters that were asked for are back, 3 some cannot go back (the reason is printed), 1 a call failed,
2 the command line is wrong`;

const FLAGS = {
  reason: { type: "string" },
  max: { type: "string" },
  "per-second": { type: "string" },
  source: { type: "string" },
  url: { type: "string" },
  as: { type: "string" },
  local: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** What is asked of the function. */
export interface Wanted {
  readonly reason?: string;
  /** Letters at most, of all calls. */
  readonly max: number;
  readonly perSecond?: number;
  readonly source?: string;
}

export interface Options {
  readonly stack: string;
  readonly wanted: Wanted;
  readonly url?: string;
  readonly as?: string;
  /** URL of a local run's control server. */
  readonly local?: string;
}

/**
 * Reads the command line.
 *
 * @returns undefined for `--help`
 * @throws FlagError
 */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values, positionals } = readFlags(args, FLAGS);
  if (values.help) return undefined;
  const { reason, source, url, as, local } = values;
  const [stack, ...others] = positionals;
  if (stack === undefined) throw new FlagError("Given no stack; allowed: the name of a stack");
  if (others.length > 0) throw new FlagError(`Given ${others.join(" ")} beside ${stack}; allowed: one stack`);
  if (local !== undefined && (url !== undefined || as !== undefined)) {
    throw new FlagError(`Given --local and --${url === undefined ? "as" : "url"}; allowed: one of them`);
  }
  for (const [name, given] of Object.entries({ url, local })) requireUrl(name, given);
  return {
    stack,
    wanted: {
      reason,
      max: values.max === undefined ? Number.POSITIVE_INFINITY : wholeFlag("max", values.max, 1, 1_000_000),
      perSecond: rateIn(values["per-second"]),
      source,
    },
    url,
    as: as?.replace(/^serviceAccount:/, ""),
    local,
  };
}

/** A token travels with the call, so only to this machine without TLS. */
function requireUrl(flag: string, given: string | undefined): void {
  if (given === undefined || /^(https:\/\/[^\s/?#]+|http:\/\/127\.0\.0\.1:\d+)\/?$/.test(given)) return;
  throw new FlagError(`Given --${flag} ${JSON.stringify(given)}; allowed: https://<host>, or http://127.0.0.1:<port>`);
}

function rateIn(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const rate = Number(given);
  if (/^\d+(\.\d+)?$/.test(given) && rate >= 0.1 && rate <= 500) return rate;
  throw new FlagError(`Given --per-second ${JSON.stringify(given)}; allowed: a number from 0.1 to 500`);
}
