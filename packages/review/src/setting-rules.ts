import { type Change, type Path, type Value, valueAt } from "./change";
import { referencesAt } from "./differences";
import { EXPOSURES } from "./exposures";
import type { Note } from "./knowledge";
import { LOSSES } from "./losses";
import { OPERATIONS } from "./operations";
import type { SettingRule } from "./rule-values";

export const SETTING_RULES: readonly SettingRule[] = [...EXPOSURES, ...LOSSES, ...OPERATIONS];

/** Notes on the settings that a change makes worse. */
export function settingNotes(change: Change): Note[] {
  const { action, type, before, after } = change;
  if (after === undefined || !["create", "update", "replace"].includes(action)) return [];
  const notes = new Map<string, Note>();
  for (const { types, path, worse, text, source } of SETTING_RULES) {
    if (types && !types.includes(type)) continue;
    const unknown = firstUnknown(change, path)?.join(".");
    const old = before && { value: valueAt(before, path) };
    if (unknown !== undefined) {
      const worst = `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
      notes.set(unknown, { text: `\`${unknown}\` is known only after the apply. At worst: ${worst}`, source });
    } else if (worse(valueAt(after, path), old)) notes.set(text, { text, source });
  }
  return [...notes.values()];
}

/** The configured part of a path that is known only after the apply. */
function firstUnknown({ unknown, expressions }: Change, path: readonly string[]): Path | undefined {
  let found: Value = unknown;
  for (const [index, key] of path.entries()) {
    if (Array.isArray(found)) found = found[0];
    found = found?.[key];
    const way = path.slice(0, index + 1);
    if (found === true) return (referencesAt(expressions, way)?.length ?? 0) > 0 ? way : undefined;
  }
  return undefined;
}
