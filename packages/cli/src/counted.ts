/** A number and its noun: `1 reason`, `2 reasons`. @param nouns default: the noun with an s */
export function counted(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}
