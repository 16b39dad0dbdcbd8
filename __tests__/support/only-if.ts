/** What the summary of `npm test` finds a reason by. */
const SKIPPED = "skipped: ";

/**
 * Tests that need what not every machine has, or that only the long form runs. Where it is missing
 * they are skipped, and the summary at the end says how many and why.
 *
 * @param reason why they are skipped, such as `there is no terraform on the PATH`
 */
export function onlyIf(condition: boolean, reason: string, tests: () => void): void {
  if (condition) tests();
  else describe.skip(`${SKIPPED}${reason}`, tests);
}
