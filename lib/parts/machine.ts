import { inRange, isKnown, matches, type Rule } from "../core/validation";

/** Accelerators of a machine. */
export interface Accelerator {
  /** Type in Vertex AI's notation, such as `NVIDIA_L4` or `NVIDIA_TESLA_T4`. */
  readonly type: string;
  /**
   * Accelerators of one machine: 1 to 16.
   * @default 1
   */
  readonly count?: number;
}

/**
 * Machine families that have an accelerator. G2, A2 and A3 machines are made with theirs; the older
 * ones are attached to N1 machines alone. Source:
 * https://cloud.google.com/vertex-ai/docs/training/configure-compute (read 2026-11).
 */
const FAMILIES: Readonly<Record<string, RegExp>> = {
  NVIDIA_TESLA_P4: /^n1-/,
  NVIDIA_TESLA_P100: /^n1-/,
  NVIDIA_TESLA_T4: /^n1-/,
  NVIDIA_TESLA_V100: /^n1-/,
  NVIDIA_L4: /^g2-/,
  NVIDIA_TESLA_A100: /^a2-(highgpu|megagpu)-/,
  NVIDIA_A100_80GB: /^a2-ultragpu-/,
  NVIDIA_H100_80GB: /^a3-/,
};

/** Families to which no accelerator can be attached. */
const WITHOUT = /^(c2|c2d|c3|e2|m1|n2|n2d)-/;

/** Rules of a machine type and its accelerators. Only what is certain is checked. */
export function machineRules(machineType: string | undefined, accelerator: Accelerator | undefined): Rule[] {
  const { type, count } = accelerator ?? {};
  const family = type === undefined ? undefined : FAMILIES[type];
  const given = `accelerator is ${type} on a machine of type ${machineType}`;
  return [
    matches(
      "machineType",
      machineType,
      /^[a-z][a-z0-9]*(-[a-z0-9]+)+$/,
      "a machine type of Compute Engine, such as n1-standard-4",
    ),
    // All that accelerator_type.proto of Vertex AI has begin so (read 2026-11).
    matches("type of the accelerator", type, /^(NVIDIA|TPU)_[A-Z0-9_]+$/, "a type such as NVIDIA_L4 or TPU_V5_LITEPOD"),
    inRange("count of the accelerator", count, { min: 1, max: 16, integer: true }),
    {
      code: "GpuMismatch",
      broken: isKnown(machineType) && family !== undefined && !family.test(machineType),
      message: `${given}; allowed for it are machine types that match ${family?.source}`,
    },
    {
      code: "GpuMismatch",
      broken: isKnown(machineType) && type !== undefined && family === undefined && WITHOUT.test(machineType),
      message: `${given}; machines of this family take no accelerators`,
    },
  ];
}

/** `MachineSpec` of Vertex AI's REST API. */
export function machineSpec(machineType: string, accelerator: Accelerator | undefined): object {
  return {
    machineType,
    ...(accelerator && { acceleratorType: accelerator.type, acceleratorCount: accelerator.count ?? 1 }),
  };
}
