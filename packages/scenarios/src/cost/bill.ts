import { METERED, type Metered } from "@cdktf-serverless-ml/emulator";
import type { Price, Prices } from "./prices";
import { isMeasured, METERED_NAMES, type Quantities } from "./usage";

const SERVICES: Readonly<Record<string, string>> = {
  tasks: "Cloud Tasks",
  pubsub: "Pub/Sub",
  storage: "Cloud Storage",
  run: "Cloud Run",
  workflows: "Workflows",
  vertex: "Vertex AI",
  dataflow: "Dataflow",
  scheduler: "Cloud Scheduler",
};

/** What is billed, where its unit does not say it. */
const WHAT: Readonly<Partial<Record<Metered, string>>> = {
  "storage.classA": "class A operations",
  "storage.classB": "class B operations",
  "storage.writtenBytes": "bytes written",
  "storage.readBytes": "bytes read",
  "pubsub.bytes": "bytes published and delivered",
  "workflows.internalSteps": "internal steps",
  "workflows.externalSteps": "external steps",
  "vertex.predictRequests": "predict requests",
  "vertex.predictions": "predictions",
  "run.jobTasks": "tasks of jobs",
  "run.jobCpuSeconds": "vCPU-seconds of jobs",
  "run.jobMemorySeconds": "GiB-seconds of jobs",
  "run.instanceCpuSeconds": "vCPU-seconds, always on",
  "run.instanceMemorySeconds": "GiB-seconds, always on",
  "dataflow.diskSeconds": "GiB-seconds of disk",
  "dataflow.memorySeconds": "GiB-seconds of memory",
};

export interface BillLine {
  readonly metered: Metered;
  readonly service: string;
  readonly what: string;
  readonly quantity: number;
  /** Measured on this machine. */
  readonly measured: boolean;
  /** Undefined for what has no price by its quantity, such as predictions. */
  readonly cost?: number;
  readonly price?: Price;
}

/** In the order of `METERED`. */
export function billOf(quantities: Quantities, { prices }: Pick<Prices, "prices">): BillLine[] {
  return METERED_NAMES.flatMap((metered) => {
    const quantity = quantities[metered];
    if (quantity === undefined) return [];
    const price = prices[metered];
    return {
      metered,
      service: SERVICES[metered.split(".")[0] ?? ""] ?? metered,
      what: WHAT[metered] ?? METERED[metered],
      quantity,
      measured: isMeasured(metered),
      ...(price && { price, cost: (quantity * price.price) / price.per }),
    };
  });
}

export const totalOf = (lines: readonly BillLine[]) => lines.reduce((sum, { cost = 0 }) => sum + cost, 0);
