import { measurements, upTo } from "../../shared/generated";
import { kindOf, POISON, poisonIn } from "../../shared/poison";
import type { ApiCall, Input } from "../../shared/scenario";

/** Of each class; one in three of them is held out. */
const ROWS = 3;
/** Start of the names of runs whose start is refused. */
export const REFUSED_START = `${POISON.refused}-start`;

/**
 * Small tables, each for one run that is named after it. What is refused stops where a table is read, and, once more, where a run
 * is started; what fails where a model is trained, and what kills where it is tried. Some runs are the schedule's.
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

/** Where a step reads what it works on, which shows the run it belongs to. */
export function poisonOfRun({ method, path, query }: ApiCall): "fail" | "kill" | undefined {
  if (method !== "GET" || query.get("alt") !== "media") return undefined;
  const [, run = "", step] = /\/runs\/([^/]+)\/preprocess\/(train|test)\.json$/.exec(decodeURIComponent(path)) ?? [];
  const effect = poisonIn(run);
  return (effect === "fail" && step === "train") || (effect === "kill" && step === "test") ? effect : undefined;
}

function table(index: number, poison: string | undefined): Buffer {
  const rows = upTo(2 * ROWS).map((at) => {
    const [length = 0, width = 0] = measurements(index + at);
    const isLarge = at % 2 === 1;
    return `${isLarge ? length + 10 : length},${at === 0 && poison ? poison : width},${isLarge ? "large" : "small"}\n`;
  });
  return Buffer.from(`length,width,class\n${rows.join("")}`);
}
