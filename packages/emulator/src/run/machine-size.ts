/** What an instance has. */
export interface MachineSize {
  /** Whole CPUs, and parts of one. */
  readonly cpus: number;
  /** GiB. */
  readonly memory: number;
}

/**
 * The CPU that a function gets for its memory unless it asks for another: most GiB, CPUs. Source:
 * https://docs.cloud.google.com/functions/docs/configuring/memory
 */
const CPU_BY_MEMORY = [
  [0.125, 0.083],
  [0.25, 0.167],
  [0.5, 0.333],
  [1, 0.583],
  [2, 1],
  [8, 2],
  [16, 4],
  [32, 8],
] as const;

/** Bytes of a unit. */
const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
};
const GIB = 1024 ** 3;

/** @param text `512Mi`, `1G` @returns GiB; undefined for what is no amount of memory */
export function memoryOf(text: unknown): number | undefined {
  const [, amount, unit = ""] = /^([\d.]+)([kKMG]i?)?$/.exec(String(text)) ?? [];
  const bytes = UNITS[unit];
  return amount === undefined || bytes === undefined ? undefined : (Number(amount) * bytes) / GIB;
}

/** @param limit `2`, `0.5` or `500m` */
export function cpusOf(limit: unknown = 1): number {
  const text = String(limit);
  return text.endsWith("m") ? Number.parseInt(text, 10) / 1000 : Number(text);
}

/** The CPUs of a function that asks for none. */
export function cpusForMemory(memory: number): number {
  return CPU_BY_MEMORY.find(([most]) => memory <= most)?.[1] ?? 8;
}
