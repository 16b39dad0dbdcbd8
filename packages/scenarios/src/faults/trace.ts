import type { TimedHop } from "@cdktf-serverless-ml/emulator";

/** Ids that hops tell and by which other hops may be found. */
const ID = /\b(?:task|message|job) [\w-]+|\bexecution (?:of )?[\w:.-]+/g;

/**
 * The hops of one work item: those that hold one of its marks as a whole word, and, closed under the ids that these tell, those
 * that hold one of them.
 *
 * @param links texts of which one belongs to the item where the other does
 */
export function traceOf(
  hops: readonly TimedHop[],
  marks: readonly string[],
  links: readonly (readonly [string, string])[] = [],
): TimedHop[] {
  const known = new Set<string>();
  const found = new Set<TimedHop>();
  const add = (more: Iterable<string>): string[] => {
    const added = [...more].filter((mark) => !known.has(mark));
    for (const mark of added) known.add(mark);
    return added;
  };
  for (let fresh = add(marks); fresh.length > 0; ) {
    const pattern = wholeWords(fresh);
    const seen = hops.filter((hop) => !found.has(hop) && pattern.test(textOf(hop)));
    for (const hop of seen) found.add(hop);
    const ids = seen.flatMap(({ what, detail = "" }) => `${what} ${detail}`.match(ID) ?? []);
    const linked = links.flatMap(([one, other]) => [
      ...(pattern.test(one) ? [other] : []),
      ...(pattern.test(other) ? [one] : []),
    ]);
    fresh = add([...ids, ...linked]);
  }
  return hops.filter((hop) => found.has(hop));
}

function textOf({ what, status, detail = "" }: TimedHop): string {
  return `${what} ${status} ${detail}`;
}

/** Any of the texts, with nothing of a word before or behind. */
function wholeWords(texts: readonly string[]): RegExp {
  const escaped = texts.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
  return new RegExp(`(?<![\\w-])(?:${escaped.join("|")})(?![\\w-])`);
}
