import type { RunningStack } from "@cdktf-serverless-ml/emulator";
import type { StackIndex, StackWorker } from "@cdktf-serverless-ml/terraform-json";
import { invokers } from "./members";
import type { Outputs } from "./scenario";

/** What a call of the redrive function answers. */
interface Answer {
  readonly moved: number;
  readonly before: string;
  readonly done: boolean;
  /** Why letters stay, and how many for each reason. */
  readonly why: Readonly<Record<string, number>>;
}

export interface RedriveOptions {
  /**
   * Letters of one call.
   * @default 100
   */
  readonly max?: number;
  /** Moves only letters that were kept by then, RFC 3339. @default - the function's time */
  readonly before?: string;
  /** Called after each call with the letters that are back so far. */
  readonly onMoved?: (moved: number) => void;
}

/** As fast as the function allows, since its pace takes real time. */
const PER_SECOND = 500;

/** The function that puts dead letters back; undefined for a stack without one. */
export function redriveWorker(index: StackIndex): StackWorker | undefined {
  return index.workerWith("ORIGINS");
}

/** The outputs by which that function is called: its URL, and who may call it. */
export function redriveOutputs(index: StackIndex): Outputs {
  const worker = redriveWorker(index);
  if (!worker) return {};
  const [client] = invokers(index, worker);
  return { redrive_url: worker.uri, ...(client !== undefined && { client }) };
}

/**
 * Puts dead letters back, as the stack's client, until the function says that it is done. A stack
 * without the function has nothing to do.
 *
 * @returns how many letters are back
 * @throws RequestFailed
 */
export async function redriveAll(
  running: RunningStack,
  { max = 100, before, onMoved }: RedriveOptions = {},
): Promise<number> {
  const url = redriveWorker(running.index)?.uri;
  if (url === undefined) return 0;
  let moved = 0;
  let until = before;
  for (;;) {
    const answer = await running.client().json<Answer>("POST", url, { max, perSecond: PER_SECOND, before: until });
    moved += answer.moved;
    until = answer.before;
    onMoved?.(moved);
    if (answer.done || answer.moved === 0) return moved;
  }
}

/**
 * Puts one dead letter back, as the stack's client: the first that the function gets from one
 * subscription.
 *
 * @param source id of the subscription that keeps it
 * @param before RFC 3339; a letter that was kept later stays
 * @returns why it stays; undefined once it is back
 * @throws RequestFailed
 */
export async function redriveOne(running: RunningStack, source: string, before: string): Promise<string | undefined> {
  const url = redriveWorker(running.index)?.uri;
  if (url === undefined) return "this stack has no function that puts dead letters back";
  const asked = { max: 1, perSecond: PER_SECOND, source, before };
  const { moved, why } = await running.client().json<Answer>("POST", url, asked);
  return moved > 0 ? undefined : (Object.keys(why)[0] ?? "the function did not get it");
}

/** The name that a task had before it was put back, if it was. */
export function firstTaskName(id: string): string {
  return /^[0-9a-f]{16}-redrive-\d+-(.+)$/.exec(id)?.[1] ?? id;
}

/** Whether a task was put back from a dead letter. */
export function isRedriven(id: string): boolean {
  return firstTaskName(id) !== id;
}

/**
 * The second subscriptions, which bring messages back, by id, each with the id of the first one of
 * its subscriber. From the table of the redrive function.
 */
export function secondSubscriptions(index: StackIndex): ReadonlyMap<string, string> {
  const text = index.workerWith("ORIGINS")?.environment.ORIGINS ?? "[]";
  const origins: { topics: Record<string, string> }[] = JSON.parse(text);
  const firsts = new Map<string, string>();
  const seconds = new Map<string, string>();
  for (const [name, topic] of origins.flatMap(({ topics }) => Object.entries(topics))) {
    const first = firsts.get(topic);
    if (first === undefined) firsts.set(topic, name);
    else seconds.set(name, first);
  }
  return seconds;
}
