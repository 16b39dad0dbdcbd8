import type { Duration } from "../core/duration";
import { inRange, isKnown, type Rule } from "../core/validation";

/** The limits of a Cloud Run service, whether its code is a function or a container. */
export interface InstanceLimits {
  /** How long one request may take. */
  readonly timeout: Duration;
  /** Requests at one time on one instance. */
  readonly concurrency: number;
  /**
   * Instances that are always ready.
   * @default - not known
   */
  readonly minInstances?: number;
  /** Instances at most. */
  readonly maxInstances: number;
}

/** Rules of Cloud Run for the limits of a service. */
export function instanceRules({ timeout, concurrency, minInstances, maxInstances }: InstanceLimits): Rule[] {
  return [
    inRange("timeout", timeout.toSeconds(), { min: 1, max: 3600, unit: "seconds", integer: true }),
    inRange("concurrency", concurrency, { min: 1, max: 1000, integer: true }),
    inRange("minInstances", minInstances, { min: 0, max: 1000, integer: true }),
    inRange("maxInstances", maxInstances, { min: 1, max: 1000, integer: true }),
    {
      code: "OutOfRange",
      broken: isKnown(minInstances) && isKnown(maxInstances) && minInstances > maxInstances,
      message: `minInstances is ${minInstances}, more than maxInstances, which is ${maxInstances}`,
    },
  ];
}
