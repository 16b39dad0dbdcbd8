/** Characters of a line in a drawing. */
const LONGEST_LINE = 18;
/** A line that ends at a hyphen counts as this many characters more. */
const HYPHEN = 6;
/** Characters of the first part of a label with an identity. */
const LONGEST_VERB = 14;

/** A long name on two lines of similar length, broken between words. */
export function nameLines(name: string): readonly string[] {
  return name.length <= LONGEST_LINE ? [name] : broken(name);
}

/** The lines of an arrow's label; the identity has its own line. */
export function labelLines(label: string): readonly string[] {
  const [verb = "", ...identity] = label.split(/ (?=as [^ ]+$)/);
  return [...(verb.length <= LONGEST_VERB ? [verb] : broken(verb)), ...identity];
}

function broken(text: string): readonly string[] {
  const breaks = [...text.matchAll(/[- ]/g)].map(({ 0: sign, index }) => {
    const lines = [text.slice(0, index + 1).trimEnd(), text.slice(index + 1)];
    return { lines, cost: Math.max(...lines.map(({ length }) => length)) + (sign === "-" ? HYPHEN : 0) };
  });
  const [best] = breaks.reverse().sort((a, b) => a.cost - b.cost);
  return best?.lines ?? [text];
}

/** Escapes text for XML. Characters that XML cannot contain become U+FFFD. */
export function escaped(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 excludes.
      .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/gu, "\ufffd")
      .replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
  );
}
