import { mermaid } from "./diagram";
import type { Readings } from "./readings";

/** The wiring of each stack that changes and is synthesized now, with what is new, changed and removed marked where base is there to compare. */
export function drawings({ readings, base, head }: Readings): Map<string, string> {
  const drawn = new Map<string, string>();
  for (const { stack, changes } of readings) {
    const now = head.get(stack)?.stack;
    if (!now || changes.every(({ action }) => action === "none")) continue;
    const before = base.get(stack)?.stack;
    const changed = changes.filter(({ action }) => action === "update" || action === "replace");
    const marks = before && { before, changed: new Set(changed.map(({ address }) => address)) };
    drawn.set(stack, mermaid(now, marks));
  }
  return drawn;
}
