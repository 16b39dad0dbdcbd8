import { billedWorkers, type Charge } from "@cdktf-serverless-ml/emulator";
import type { Stack } from "@cdktf-serverless-ml/terraform-json";
import { type Quantities, sum } from "./usage";

/** Seconds of a month, as Google's examples have it: 730 hours. */
const MONTH = 730 * 3600;

/**
 * What a stack takes in a month whether it works or not: schedules, and instances that are kept.
 */
export function standingOf({ resources }: Pick<Stack, "resources">): Quantities {
  const charges: Charge[] = [
    {
      metered: "scheduler.jobMonths",
      quantity: resources.filter(({ type }) => type === "google_cloud_scheduler_job").length,
    },
  ];
  for (const { kind, size, minInstances, byRequest } of billedWorkers(resources)) {
    const seconds = minInstances * MONTH;
    const [cpu, memory] =
      kind === "pool"
        ? (["run.poolCpuSeconds", "run.poolMemorySeconds"] as const)
        : byRequest
          ? (["run.idleCpuSeconds", "run.idleMemorySeconds"] as const)
          : (["run.instanceCpuSeconds", "run.instanceMemorySeconds"] as const);
    charges.push({ metered: cpu, quantity: size.cpus * seconds }, { metered: memory, quantity: size.memory * seconds });
  }
  return sum(charges);
}
