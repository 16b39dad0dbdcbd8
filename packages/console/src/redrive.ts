import { RequestFailed, type RunningStack } from "@cdktf-serverless-ml/emulator";
import { redriveAll, redriveOne, redriveWorker } from "@cdktf-serverless-ml/scenarios";
import type { ActionResult } from "./api-types";
import { NotFound, Refused } from "./errors";
import { type KeptLetter, keptLetters } from "./model/dead-letters";
import type { StackSession } from "./model/session";

/** Puts all dead letters of a stack back. @throws Refused with what was put back all the same */
export async function putAllBack({ opened: { running } }: StackSession): Promise<ActionResult> {
  functionOf(running);
  const letters = keptLetters(running);
  try {
    await redriveAll(running, { before: nowOf(running) });
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    throw new Refused(`${error.message}. Before that, ${lettersOf(goneOf(running, letters))} went back`);
  }
  const moved = goneOf(running, letters);
  const stayed = letters.length - moved;
  return { done: `put back ${lettersOf(moved)}${stayed === 0 ? "" : `; ${stayed} stay`}` };
}

/**
 * Puts one dead letter back, and no other. Where that fails, the letter is as it was.
 *
 * @param data what it holds from now on
 * @throws NotFound, Refused with why
 */
export async function putOneBack(
  { opened: { running }, recording }: StackSession,
  messageId: string,
  data: string | undefined,
): Promise<ActionResult> {
  const redrive = functionOf(running);
  // Each subscription of a dead letter topic keeps a letter; the function takes it from one.
  const copies = keptLetters(running).filter(({ message }) => message.id === messageId);
  const isSource = ({ subscription }: KeptLetter) =>
    redrive.environment.ORIGINS?.includes(`/subscriptions/${subscription}"`);
  const letter = copies.find(isSource) ?? copies[0];
  if (!letter) throw new NotFound(`There is no dead letter ${messageId}`);
  const { subscription, message } = letter;
  const { controls } = running;
  const lastCall = recording.lastCall;
  let refusal: string | undefined;
  try {
    refusal = await controls.withOnly(subscription, messageId, () => {
      if (data !== undefined) controls.editMessage(subscription, messageId, Buffer.from(data));
      return redriveOne(running, subscription, nowOf(running));
    });
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    refusal = error.message;
  } finally {
    // Of a letter that was not taken, the data must not be that of the attempt.
    if (data !== undefined && isKept(running, letter)) controls.editMessage(subscription, messageId, message.data);
  }
  // What is made of the letter belongs to the letter, and so to the item that failed.
  const call = recording.firstAfter(lastCall, ({ service }) => service === redrive.name);
  if (call) recording.replayed(call.item, `message ${messageId}`);
  const [item] = recording.items.get(call?.item ?? "")?.children ?? [];
  if (isKept(running, letter)) {
    const also = item === undefined ? "" : `. It was put back as ${item} before that, and is kept as well`;
    throw new Refused(`The letter ${messageId} stays as it was: ${refusal ?? "it was not acknowledged"}${also}`);
  }
  const done = `put back the letter ${messageId}${data === undefined ? "" : ", edited"}`;
  const but = refusal === undefined ? "" : `, though the function failed: ${refusal}`;
  return { done: `${done}${but}`, ...(item !== undefined && { item }) };
}

/** @throws Refused */
function functionOf({ index }: RunningStack) {
  const worker = redriveWorker(index);
  if (!worker) throw new Refused("This stack has no function that puts dead letters back");
  return worker;
}

function isKept(running: RunningStack, letter: KeptLetter): boolean {
  return goneOf(running, [letter]) === 0;
}

/** How many of the letters are no longer kept. */
function goneOf(running: RunningStack, letters: readonly KeptLetter[]): number {
  const keyOf = ({ subscription, message }: KeptLetter) => `${subscription} ${message.id}`;
  const kept = new Set(keptLetters(running).map(keyOf));
  return letters.filter((letter) => !kept.has(keyOf(letter))).length;
}

function lettersOf(count: number): string {
  return `${count} ${count === 1 ? "dead letter" : "dead letters"}`;
}

/** By the stack's clock, which may be ahead of the function's. */
function nowOf({ parts }: RunningStack): string {
  return new Date(parts.clock.now()).toISOString();
}
