/**
 * Does work for each item, so many at once, begun in their order. After a failure nothing new is begun.
 *
 * @throws the first failure, once all that was under way has ended
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
