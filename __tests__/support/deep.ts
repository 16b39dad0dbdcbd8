import { onlyIf } from "./only-if";

/**
 * Whether a test runs in its long form: `npm run test:deep`. In `npm test` it runs in a short one.
 */
export const IS_DEEP = process.env.DEEP_TESTS === "1";

/** What the long form takes, or what the short one does. */
export function inDepth<T>(deep: T, short: T): T {
  return IS_DEEP ? deep : short;
}

/** How many cases of a property a test tries: all in the long form, a fifth in the short one. */
export const cases = (count: number): number => inDepth(count, Math.ceil(count / 5));

/** Tests that only the long form runs. */
export function deepOnly(tests: () => void): void {
  onlyIf(IS_DEEP, "npm run test:deep runs it", tests);
}

/** A test that only the long form runs. */
export function deepTest(name: string, run: jest.ProvidesCallback, timeout?: number): void {
  deepOnly(() => {
    test(name, run, timeout);
  });
}
