/** A request while an instance works on it, milliseconds. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** Google rounds billed time up to this many milliseconds. */
const STEP = 100;

/**
 * Billed time of the instances of a service that is billed by request: "begins with the start of the
 * first request and ends at the end of the last request", rounded up to 100 ms. A request goes to the
 * first instance with room. Source: https://cloud.google.com/run/pricing , "Billable instance time"
 *
 * @param concurrency requests that an instance takes at once
 * @returns seconds
 */
export function billedSeconds(requests: readonly Interval[], concurrency: number): number {
  const instances: { ends: number[]; busy: Interval }[] = [];
  let billed = 0;
  const close = ({ start, end }: Interval) => {
    billed += Math.max(1, Math.ceil((end - start) / STEP)) * STEP;
  };
  for (const request of [...requests].sort((a, b) => a.start - b.start)) {
    for (const instance of instances) instance.ends = instance.ends.filter((end) => end > request.start);
    const instance = instances.find(({ ends }) => ends.length < concurrency);
    if (instance === undefined) {
      instances.push({ ends: [request.end], busy: request });
    } else if (instance.ends.length === 0) {
      close(instance.busy);
      instance.ends.push(request.end);
      instance.busy = request;
    } else {
      instance.ends.push(request.end);
      instance.busy = { start: instance.busy.start, end: Math.max(instance.busy.end, request.end) };
    }
  }
  for (const { busy } of instances) close(busy);
  return billed / 1000;
}
