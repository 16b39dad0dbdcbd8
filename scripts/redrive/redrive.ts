import { setTimeout as sleep } from "node:timers/promises";
import { counted } from "@cdktf-serverless-ml/cli";
import type { Wanted } from "./options";
import { type Post, RedriveError } from "./post";

interface Answer {
  readonly moved: number;
  readonly skipped: number;
  readonly why: Readonly<Record<string, number>>;
  /** Only letters that were kept by then are moved. */
  readonly before: string;
  readonly done: boolean;
}

export interface RedriveResult {
  readonly moved: number;
  /**
   * Letters that cannot go back, by reason. Those of other reasons and new ones are not among them.
   */
  readonly stuck: Readonly<Record<string, number>>;
}

/** Letters of one call. */
const PAGE = 1_000;
/** Calls that may fail in a row, and milliseconds between them. */
const TRIES = 4;
const PAUSE = 5_000;

/** Calls the function until all letters are back. @throws RedriveError */
export async function redrive(
  post: Post,
  { max, ...wanted }: Wanted,
  log: (line: string) => void,
  pause = PAUSE,
): Promise<RedriveResult> {
  const start = Date.now();
  let moved = 0;
  let failed = false;
  let before: string | undefined;
  for (;;) {
    const { answer, retried } = await call(post, { ...wanted, max: Math.min(PAGE, max - moved), before }, pause, log);
    failed ||= retried;
    moved += answer.moved;
    before ??= answer.before;
    const seconds = Math.round((Date.now() - start) / 1_000);
    log(`${counted(moved, "letter")} put back, ${answer.skipped} stay (${seconds} s)`);
    if (answer.done || moved >= max || answer.moved === 0) {
      if (failed)
        log("A call failed. What it was working on is free again after 5 minutes: run the command once more then.");
      if (!answer.done && answer.moved === 0) log("The call had no time to put back a letter: raise --per-second.");
      const stuck = Object.entries(answer.why).filter(
        ([why]) => !/^(other reason|kept since this redrive began): /.test(why),
      );
      return { moved, stuck: Object.fromEntries(stuck) };
    }
  }
}

async function call(
  post: Post,
  body: object,
  pause: number,
  log: (line: string) => void,
): Promise<{ answer: Answer; retried: boolean }> {
  for (let attempt = 1; ; attempt++) {
    const { status, text } = await post(body);
    if (status === 200) return { answer: JSON.parse(text), retried: attempt > 1 };
    const mayPass = status === 0 || status === 429 || status >= 500;
    const what = status === 0 ? `no answer: ${text}` : `${status}: ${messageOf(text)}`;
    if (!mayPass || attempt === TRIES)
      throw new RedriveError(`the redrive function answered ${what}${hintFor(status)}`);
    log(`The redrive function answered ${what}; trying again`);
    await sleep(pause);
  }
}

function hintFor(status: number): string {
  if (status === 401 || status === 403) return "\nThe caller needs roles/run.invoker on it, as the stack's client has";
  if (status === 404)
    return "\nIts ingress is internal only: call from a VPC network of the project, or open it (docs/workers.md)";
  return "";
}

function messageOf(text: string): string {
  try {
    return String(JSON.parse(text).error.message);
  } catch {
    return text.trim().slice(0, 300);
  }
}
