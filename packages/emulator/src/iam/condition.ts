/** Whether a binding holds for a resource, by its full name. */
export type Condition = (resourceName: string) => boolean;

const TEST = /^\s*resource\.name\.startsWith\((?:"([^"\\]*)"|'([^'\\]*)')\)\s*$/;

/**
 * Reads an IAM condition: `resource.name.startsWith("…")`, joined by `&&` and `||`, without
 * parentheses.
 *
 * @returns undefined for any other expression
 */
export function parseCondition(expression: string): Condition | undefined {
  const alternatives = expression
    .split("||")
    .map((alternative) => alternative.split("&&").map((test) => TEST.exec(test)));
  const prefixes = alternatives.map((tests) => tests.map((test) => test?.[1] ?? test?.[2]));
  if (prefixes.flat().includes(undefined)) return undefined;
  return (name) => prefixes.some((all) => all.every((prefix) => prefix !== undefined && name.startsWith(prefix)));
}
