/**
 * What a generated work item does: it succeeds (`good`), is refused for good (`refused`), fails
 * each time (`fail`), or kills its process each time (`kill`).
 */
export type Kind = "good" | "refused" | "fail" | "kill";

/** Marks of the poison items. Each request about such an item carries its mark. */
export const POISON = { refused: "poison-refused", fail: "poison-fail", kill: "poison-kill" } as const;

const FIRST = 20;
const BLOCK = 200;
/**
 * Their places among the first items and in each block: early, so that small workloads have them.
 */
const PLACES: Readonly<Record<number, Kind>> = { 2: "refused", 4: "fail", 7: "kill" };

/** The kind of a generated item, counted from 0. */
export function kindOf(index: number): Kind {
  return PLACES[index < FIRST ? index : (index - FIRST) % BLOCK] ?? "good";
}

/** What a request does whose text carries the mark of a poison item. */
export function poisonIn(text: string | Buffer): "fail" | "kill" | undefined {
  if (text.includes(POISON.fail)) return "fail";
  return text.includes(POISON.kill) ? "kill" : undefined;
}
