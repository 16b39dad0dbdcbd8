import type { Difference, Shown } from "../differences";
import { isHidden, shown as withoutMarks } from "../secrets";

/** Characters of a value; longer values are cut. */
const LONGEST_VALUE = 200;
const MOST_ITEMS = 10;
const MOST_LINES = 30;

/** Shows values, but never one that contains a secret. */
export class Values {
  /** `"red" → "blue"`, of one key. */
  change({ before, after }: Difference): string {
    if (before.kind === "items" || after.kind === "items") {
      const parts = [this.list("removed", before), this.list("added", after)].filter((part) => part !== "");
      return parts.join(", ");
    }
    if (before.kind === "none") return `set to ${this.shown(after)}`;
    if (after.kind === "none") return `${this.shown(before)} → removed`;
    if (before.kind === "sensitive" && after.kind === "sensitive") return "changed (sensitive)";
    return `${this.shown(before)} → ${this.shown(after)}`;
  }

  /** The lines that differ in a text of several lines; undefined for other values. */
  lines({ before, after }: Difference): string[] | undefined {
    const [old, fresh] = [linesOf(before), linesOf(after)];
    if (!old || !fresh || old.length + fresh.length < 4) return undefined;
    let start = 0;
    while (start < old.length && start < fresh.length && old[start] === fresh[start]) start++;
    let end = 0;
    while (end < Math.min(old.length, fresh.length) - start && old.at(-1 - end) === fresh.at(-1 - end)) end++;
    const hide = (line: string) => (isHidden(line) ? "(sensitive)" : cut(line));
    const lines = [
      ...old.slice(start, old.length - end).map((line) => `- ${hide(line)}`),
      ...fresh.slice(start, fresh.length - end).map((line) => `+ ${hide(line)}`),
    ];
    if (lines.length <= MOST_LINES) return lines;
    return [...lines.slice(0, MOST_LINES), `  … ${lines.length - MOST_LINES} more lines`];
  }

  private shown(shown: Shown): string {
    if (shown.kind === "value") return this.value(shown.value);
    if (shown.kind === "items") return shown.items.map((item) => this.value(item)).join(", ");
    if (shown.kind === "sensitive") return "(sensitive)";
    if (shown.kind === "none") return "(nothing)";
    const from = shown.references.map((each) => code(each)).join(", ");
    return from === "" ? "(known after apply)" : `(known after apply, from ${from})`;
  }

  private value(value: unknown): string {
    if (typeof value === "string" && isHidden(value)) return "(sensitive)";
    const hide = (_: string, each: unknown) => (typeof each === "string" && isHidden(each) ? "(sensitive)" : each);
    return code(cut(typeof value === "string" && value !== "" ? value : JSON.stringify(value, hide)));
  }

  private list(word: string, shown: Shown): string {
    if (shown.kind !== "items" || shown.items.length === 0) return "";
    const items = shown.items.slice(0, MOST_ITEMS).map((item) => this.value(item));
    const more = shown.items.length - items.length;
    return `${word} ${items.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  }
}

/** Inline code that no value can break out of. */
export function code(text: string): string {
  // Line breaks and other control characters would end the line, and with it a table or list.
  const line = [...withoutMarks(text)].map((c) => (isControl(c) ? escaped(c) : c)).join("");
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = "`".repeat(longest + 1);
  const space = line.startsWith("`") || line.endsWith("`") ? " " : "";
  return `${fence}${space}${line}${space}${fence}`;
}

function escaped(character: string): string {
  const short = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[character];
  return short ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function isControl(character: string): boolean {
  const point = character.codePointAt(0) ?? 0;
  return point < 0x20 || point === 0x7f || point === 0x2028 || point === 0x2029;
}

/** A row of a table; bars would end a cell, also within code. */
export function row(...cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** A fenced block that its lines cannot end. */
export function fenced(language: string, lines: readonly string[]): string[] {
  const longest = Math.max(2, ...lines.map((line) => /`{3,}/.exec(line)?.[0].length ?? 0));
  const fence = "`".repeat(longest + 1);
  return [`${fence}${language}`, ...lines, fence];
}

function linesOf(shown: Shown): string[] | undefined {
  return shown.kind === "value" && typeof shown.value === "string" ? shown.value.split("\n") : undefined;
}

function cut(text: string): string {
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}… (${text.length} characters)`;
}
