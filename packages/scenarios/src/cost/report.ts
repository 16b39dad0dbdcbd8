import type { Stack } from "@cdktf-serverless-ml/terraform-json";
import { leversOf } from "./levers";
import type { CostMeter } from "./meter";
import { notCounted } from "./not-counted";
import type { Prices } from "./prices";
import { standingOf } from "./standing";
import { costTable } from "./table";
import type { Usage } from "./usage";

export interface Billed {
  readonly stack: Stack;
  readonly meter: CostMeter;
  readonly usage: Usage;
  /** The setting that says how many records an item has. @default - none */
  readonly batch?: string;
}

/** What `--cost` prints. */
export function costReport({ stack, meter, usage, batch }: Billed, prices: Prices): string {
  return costTable({
    usage,
    standing: standingOf(stack),
    prices,
    levers: leversOf({ usage, workers: meter.workers(), prices, batch }),
    notCounted: notCounted(usage),
  });
}
