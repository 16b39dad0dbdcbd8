import type { Hop } from "@cdktf-serverless-ml/emulator";

/** Ids in the text of hops, by which other hops of the item are found. */
const ID = /\b(?:task|message|job) [\w-]+|\bexecution (?:of )?[\w:.-]+/g;

/**
 * The hops of one work item: those that contain one of its marks as a whole word, then those that
 * contain an id of a hop that was found, and so on.
 *
 * @param links pairs of texts that belong to the same item
 */
export function traceOf<H extends Hop>(
  hops: readonly H[],
  marks: readonly string[],
  links: readonly (readonly [string, string])[] = [],
): H[] {
  const known = new Set<string>();
  const found = new Set<H>();
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

function textOf({ what, status, detail = "" }: Hop): string {
  return `${what} ${status} ${detail}`;
}

/** Matches any of the texts as a whole word. */
function wholeWords(texts: readonly string[]): RegExp {
  const escaped = texts.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
  return new RegExp(`(?<![\\w-])(?:${escaped.join("|")})(?![\\w-])`);
}
