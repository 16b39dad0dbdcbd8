/** What becomes of a generated work item: an effect; a refusal for good; work that fails each time; work that kills its process. */
export type Kind = "good" | "refused" | "fail" | "kill";

/** Marks of the items that cannot be worked on: whatever handles one of them carries its mark. */
export const POISON = { refused: "poison-refused", fail: "poison-fail", kill: "poison-kill" } as const;

const FIRST = 20;
const BLOCK = 200;
/** Where they stand among the first and in each block: early, so that small workloads have them. */
const PLACES: Readonly<Record<number, Kind>> = { 2: "refused", 4: "fail", 7: "kill" };

/** The kind of the nth generated item, counted from 0. */
export function kindOf(index: number): Kind {
  return PLACES[index < FIRST ? index : (index - FIRST) % BLOCK] ?? "good";
}

/** What a text that a poison item is part of does where it is worked on. */
export function poisonIn(text: string | Buffer): "fail" | "kill" | undefined {
  if (text.includes(POISON.fail)) return "fail";
  return text.includes(POISON.kill) ? "kill" : undefined;
}
