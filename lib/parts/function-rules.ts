import type { Memory } from "../core/memory";
import { inRange, isKnown, type Rule } from "../core/validation";
import { type InstanceLimits, instanceRules } from "./instance-rules";

/** The size and the limits of a function. */
export interface FunctionLimits extends InstanceLimits {
  readonly memory: Memory;
  /**
   * vCPUs.
   * @default - as Cloud Functions has it for the memory
   */
  readonly cpu?: number;
}

const WHOLE_CPUS = [1, 2, 4, 6, 8];

/**
 * [above this memory in MiB; at least these vCPUs]. Source:
 * https://cloud.google.com/run/docs/configuring/memory-limits
 */
const CPU_FOR_MEMORY: readonly (readonly [number, number])[] = [
  [24576, 8],
  [16384, 6],
  [8192, 4],
  [4096, 2],
  [1024, 1],
  [512, 0.5],
];

/**
 * [vCPUs; at least this memory in MiB]. Source: https://cloud.google.com/run/docs/configuring/cpu
 */
const MEMORY_FOR_CPU: Readonly<Record<number, number>> = { 4: 2048, 6: 3072, 8: 4096 };

/**
 * [up to this memory in MiB; vCPUs]. Source:
 * https://cloud.google.com/functions/docs/configuring/memory
 */
const DEFAULT_CPU: readonly (readonly [number, number])[] = [
  [128, 0.083],
  [256, 0.167],
  [512, 0.333],
  [1024, 0.583],
  [2048, 1],
  [8192, 2],
  [16384, 4],
];

/** Rules of Cloud Run for sizes and numbers. */
export function limitRules(limits: FunctionLimits): Rule[] {
  const { memory, cpu, concurrency } = limits;
  const mebibytes = memory.toMebibytes();
  const cpuNeeded = CPU_FOR_MEMORY.find(([above]) => mebibytes > above)?.[1] ?? 0;
  const memoryNeeded = cpu === undefined ? 0 : (MEMORY_FOR_CPU[cpu] ?? 0);
  const effectiveCpu = cpu ?? DEFAULT_CPU.find(([upTo]) => mebibytes <= upTo)?.[1] ?? 8;
  return [
    ...instanceRules(limits),
    inRange("memory", mebibytes, { min: 128, max: 32768, unit: "MiB" }),
    {
      code: "OutOfRange",
      broken: isKnown(cpu) && !(cpu >= 0.08 && cpu < 1) && !WHOLE_CPUS.includes(cpu),
      message: `cpu is ${cpu}; allowed is 0.08 to below 1, or one of ${WHOLE_CPUS.join(", ")}`,
    },
    {
      code: "CpuMemoryMismatch",
      broken: isKnown(cpu) && cpu < cpuNeeded,
      message: `cpu is ${cpu} with ${memory} of memory, which needs at least ${cpuNeeded} vCPU`,
    },
    {
      code: "CpuMemoryMismatch",
      broken: mebibytes < memoryNeeded,
      message: `memory is ${memory} with ${cpu} vCPU, which need at least ${memoryNeeded}Mi`,
    },
    {
      code: "ConcurrencyNeedsCpu",
      broken: isKnown(concurrency) && isKnown(effectiveCpu) && concurrency > 1 && effectiveCpu < 1,
      message: `concurrency is ${concurrency} with ${effectiveCpu} vCPU; more than 1 request at a time needs cpu: 1 or more`,
    },
  ];
}
