import { METERED, type Metered } from "@cdktf-serverless-ml/emulator";

/** Quantities that Google bills. What is 0 is left out. */
export type Quantities = Readonly<Partial<Record<Metered, number>>>;

/** What a run took of what Google bills. */
export interface Usage {
  /** What an item is: `shard`, `step`. */
  readonly item: string;
  /** How many the stack accepted. */
  readonly items: number;
  /** The same in each run of the same stack and input. */
  readonly counted: Quantities;
  /** Seconds, by the time that work took on this machine. */
  readonly measured: Quantities;
  /** What is counted, for one item. */
  readonly perItem: Quantities;
}

export const isMeasured = (metered: Metered) => metered.endsWith("Seconds");

export const METERED_NAMES = Object.keys(METERED) as Metered[];

/** In the order of `METERED`, without what is 0. */
export function sum(charges: Iterable<{ readonly metered: Metered; readonly quantity: number }>): Quantities {
  const totals = new Map<Metered, number>();
  for (const { metered, quantity } of charges) totals.set(metered, (totals.get(metered) ?? 0) + quantity);
  return Object.fromEntries(METERED_NAMES.flatMap((name) => (totals.get(name) ? [[name, totals.get(name)]] : [])));
}

/** For one item. */
export function perItem({ items }: Pick<Usage, "items">, quantities: Quantities): Quantities {
  const each = items || 1;
  return Object.fromEntries(Object.entries(quantities).map(([name, quantity]) => [name, quantity / each]));
}
