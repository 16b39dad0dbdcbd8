import type { Memory } from "../core/memory";
import { isKnown, type Rule } from "../core/validation";

/** A GPU of a container: its type, or the type with options. */
export type Gpu = GpuType | GpuOptions;

/** GPUs that Cloud Run attaches. `nvidia-l4` has 24 GB of memory of its own. */
export type GpuType = "nvidia-l4";

/** A GPU with options. */
export interface GpuOptions {
  /** The GPU of each instance. */
  readonly type: GpuType;
  /**
   * Keeps capacity in a second zone. The GPU costs about half as much again, and has a quota of its
   * own.
   * @default false
   */
  readonly zonalRedundancy?: boolean;
  /**
   * Allows a region that the list of this package does not have, see UnsupportedRegion.
   * @default false
   */
  readonly anyRegion?: boolean;
}

interface GpuModel {
  /**
   * [vCPUs; from this memory in MiB; up to this]. At least 4 vCPU and 16 GiB
   * (https://cloud.google.com/run/docs/configuring/services/gpu), at most what the vCPUs allow
   * (https://cloud.google.com/run/docs/configuring/services/cpu).
   */
  readonly sizes: readonly (readonly [number, number, number])[];
  readonly regions: readonly string[];
}

/**
 * Regions: https://cloud.google.com/run/docs/configuring/services/gpu#supported-regions, the latest
 * copy that was read (2026-11, of unknown date). `asia-south1` is by invitation.
 */
const MODELS: Readonly<Record<GpuType, GpuModel>> = {
  "nvidia-l4": {
    sizes: [
      [4, 16384, 16384],
      [6, 16384, 24576],
      [8, 16384, 32768],
    ],
    regions: ["asia-south1", "asia-southeast1", "europe-west1", "europe-west4", "us-central1", "us-east4"],
  },
};

/**
 * The size of a container with a GPU for which no size is given: the smallest that Google takes.
 */
export const SMALLEST_GPU_SIZE = { cpu: 4, mebibytes: 16384 } as const;

export function gpuOptions(gpu: Gpu): GpuOptions {
  return typeof gpu === "string" ? { type: gpu } : gpu;
}

/** Rules of Cloud Run for a container with a GPU. */
export function gpuRules(gpu: Gpu, { cpu, memory, region }: { cpu: number; memory: Memory; region: string }): Rule[] {
  const { type, anyRegion = false } = gpuOptions(gpu);
  const model: GpuModel | undefined = MODELS[type];
  if (!model) {
    const message = `gpu is "${type}"; allowed is one of ${Object.keys(MODELS).join(", ")}`;
    return [{ code: "InvalidValue", broken: true, message }];
  }
  const size = memory.toMebibytes();
  return [
    {
      code: "GpuMismatch",
      broken: isKnown(cpu) && !model.sizes.some(([cpus, min, max]) => cpus === cpu && size >= min && size <= max),
      message: `gpu is ${type} with ${cpu} vCPU and ${memory} of memory; allowed is ${model.sizes.map(sizeText).join(", or ")}`,
    },
    {
      code: "UnsupportedRegion",
      broken: isKnown(region) && !anyRegion && !model.regions.includes(region),
      message: `gpu is ${type} in the region ${region}; Cloud Run has it in ${model.regions.join(", ")} (list of 2026-11). Deploy to one of these; if Google has added the region since, write gpu: { type: "${type}", anyRegion: true }`,
    },
  ];
}

function sizeText([cpu, min, max]: readonly [number, number, number]): string {
  const gibibytes = min === max ? `${min / 1024}` : `${min / 1024} to ${max / 1024}`;
  return `${cpu} vCPU with ${gibibytes} GiB`;
}
