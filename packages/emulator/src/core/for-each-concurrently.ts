/**
 * Does work for each item, up to a number at once, in their order. After a failure it begins
 * nothing new.
 *
 * @throws the first failure, once all work under way has ended
 */
export async function forEachConcurrently<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  let failed = false;
  const lane = async () => {
    for (const item of waiting) {
      if (failed) return;
      await work(item).catch((error) => {
        failed = true;
        throw error;
      });
    }
  };
  const lanes = Array.from({ length: Math.min(atOnce, items.length) }, lane);
  for (const result of await Promise.allSettled(lanes)) if (result.status === "rejected") throw result.reason;
}
