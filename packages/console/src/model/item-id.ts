import type { ItemKind } from "../api-types";

/** Prefixes of ids, as events have them. */
const KINDS: readonly (readonly [RegExp, ItemKind])[] = [
  [/^request \d+$/, "request"],
  [/^queue \S+ task /, "task"],
  [/^subscription \S+ message /, "delivery"],
  [/^message /, "message"],
  [/^execution /, "execution"],
  [/^object /, "object"],
  [/^schedule \S+ execution of /, "schedule"],
];

export function kindOf(id: string): ItemKind {
  return KINDS.find(([pattern]) => pattern.test(id))?.[1] ?? "job";
}

/** The message that a delivery to one subscription delivers. */
export function messageOf(id: string): string | undefined {
  return /^subscription \S+ (message .+)$/.exec(id)?.[1];
}

/** The resource that works on an item, as `queue Q`, `subscription S` or `schedule J`. */
export function ownerOf(id: string): string | undefined {
  return /^(?:queue|subscription|schedule) \S+/.exec(id)?.[0];
}

/** What an item is, for people. */
export function titleOf(id: string): string {
  const [, kind, queue, name] =
    /^(queue|subscription|schedule) (\S+) (?:task |message |execution of )(.+)$/.exec(id) ?? [];
  if (kind === "queue") return `task ${name}`;
  if (kind === "subscription") return `message ${name} to ${queue}`;
  if (kind === "schedule") return `${queue} at ${name}`;
  return id.replace(/#\d+$/, "");
}
