import { mermaid } from "./diagram";
import type { Inputs } from "./inputs";

/**
 * The wiring of each stack that changes and is synthesized now. Where base is there to compare, what is new, changed and
 * removed is marked, and a drawing without marks is left out.
 */
export function drawings({ readings, base, head }: Inputs): Map<string, string> {
  const drawn = new Map<string, string>();
  for (const { stack, changes } of readings) {
    const now = head.get(stack)?.stack;
    if (!now || changes.every(({ action }) => action === "none")) continue;
    const before = base.get(stack)?.stack;
    const changed = changes.filter(({ action }) => action === "update" || action === "replace");
    const marks = before && { before, changed: new Set(changed.map(({ address }) => address)) };
    const drawing = mermaid(now, marks);
    if (!marks || drawing !== mermaid(now)) drawn.set(stack, drawing);
  }
  return drawn;
}
