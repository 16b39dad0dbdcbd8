import { measurements, upTo } from "../../shared/generated";
import { kindOf, POISON, poisonIn } from "../../shared/poison";
import type { ApiCall, Input } from "../../shared/scenario";

/** Rows of each class. One in three is held out. */
const ROWS = 3;
/** Names of runs whose start is refused begin with this. */
export const REFUSED_START = `${POISON.refused}-start`;

/**
 * The items are runs on small tables, named after their file. Poison of kind `refused` stops when
 * the table is read, and once more when a run starts; `fail` stops at the training and `kill` at
 * the inference. Of a step with `forEach` they stop one element each. Some runs are the schedule's.
 */
export function generatedRuns(count: number): Input[] {
  return upTo(count).map((index) => {
    const kind = kindOf(index);
    const number = String(index).padStart(5, "0");
    const isRefusedStart = kindOf(index - 1) === "refused";
    const name = isRefusedStart ? `${REFUSED_START}-${number}` : `${kind === "good" ? "run" : POISON[kind]}-${number}`;
    const isScheduled = kind === "good" && index % 10 === 1;
    return {
      name: isScheduled ? "" : `${name}.csv`,
      content: table(index, kind === "refused" ? POISON.refused : undefined),
      isGenerated: true,
    };
  });
}

/**
 * Acts on the read of a step's input, and on the write of an element's marker. Both have the name
 * of the run.
 */
export function poisonOfRun(call: ApiCall): "fail" | "kill" | undefined {
  return call.method === "POST" ? poisonOfElement(call) : poisonOfRead(call);
}

function poisonOfElement({ query }: ApiCall): "fail" | "kill" | undefined {
  const marker = /^runs\/([^/]+)\/steps\/[^/]+\/\d{3}\/(\d{5})\.json$/.exec(query.get("name") ?? "");
  const [, run = "", index] = marker ?? [];
  const effect = poisonIn(run);
  return (effect === "fail" && index === "00001") || (effect === "kill" && index === "00002") ? effect : undefined;
}

function poisonOfRead({ method, path, query }: ApiCall): "fail" | "kill" | undefined {
  if (method !== "GET" || query.get("alt") !== "media") return undefined;
  const [, run = "", step] = /\/runs\/([^/]+)\/preprocess\/(train|test)\.json$/.exec(decodeURIComponent(path)) ?? [];
  const effect = poisonIn(run);
  return (effect === "fail" && step === "train") || (effect === "kill" && step === "test") ? effect : undefined;
}

/** Whether a step reads the data of another. */
export function isReadOfData({ method, path, query }: ApiCall): boolean {
  const isRead = method === "GET" && query.get("alt") === "media";
  return isRead && /\/runs\/[^/]+\/preprocess\/(train|test)\.json$/.test(decodeURIComponent(path));
}

function table(index: number, poison: string | undefined): Buffer {
  const rows = upTo(2 * ROWS).map((at) => {
    const [length = 0, width = 0] = measurements(index + at);
    const isLarge = at % 2 === 1;
    return `${isLarge ? length + 10 : length},${at === 0 && poison ? poison : width},${isLarge ? "large" : "small"}\n`;
  });
  return Buffer.from(`length,width,class\n${rows.join("")}`);
}
