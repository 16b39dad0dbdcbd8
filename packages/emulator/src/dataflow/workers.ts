import type { Charge } from "../core/billing";

/** The machines of a job. */
export interface DataflowWorkers {
  readonly count: number;
  readonly cpus: number;
  /** GiB of memory, and of disk, of each. */
  readonly memory: number;
  readonly disk: number;
}

/** Of a batch job that asks for none: https://docs.cloud.google.com/dataflow/docs/guides/specifying-exec-params */
const DEFAULT_TYPE = "n1-standard-1";
/** Of a batch job with Dataflow Shuffle: https://docs.cloud.google.com/dataflow/docs/shuffle-for-batch */
const DEFAULT_DISK = 25;
/** GiB for each CPU: https://docs.cloud.google.com/compute/docs/general-purpose-machines */
const MEMORY_PER_CPU: Readonly<Record<string, number>> = { standard: 4, highmem: 8, highcpu: 1 };
const MEMORY_PER_CPU_N1: Readonly<Record<string, number>> = { standard: 3.75, highmem: 6.5, highcpu: 0.9 };

/**
 * @param environment of the launch request; a machine type that is not known counts as the default
 */
export function workersOf(environment: Readonly<Record<string, unknown>>): DataflowWorkers {
  const { numWorkers, machineType, diskSizeGb } = environment;
  const pattern = /^([a-z]\w+)-(standard|highmem|highcpu)-(\d+)$/;
  const [, family = "", shape = "", cpus] = pattern.exec(String(machineType || DEFAULT_TYPE)) ??
    pattern.exec(DEFAULT_TYPE) ?? [""];
  const perCpu = (family === "n1" ? MEMORY_PER_CPU_N1 : MEMORY_PER_CPU)[shape] ?? 4;
  return {
    count: Number(numWorkers) || 1,
    cpus: Number(cpus),
    memory: Number(cpus) * perCpu,
    disk: Number(diskSizeGb) || DEFAULT_DISK,
  };
}

/** Of workers that work for a number of seconds. Source: https://cloud.google.com/dataflow/pricing */
export function workerCharges({ count, cpus, memory, disk }: DataflowWorkers, seconds: number): readonly Charge[] {
  return [
    { metered: "dataflow.cpuSeconds", quantity: count * cpus * seconds },
    { metered: "dataflow.memorySeconds", quantity: count * memory * seconds },
    { metered: "dataflow.diskSeconds", quantity: count * disk * seconds },
  ];
}
