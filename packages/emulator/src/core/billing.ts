/**
 * What Google bills, by names of this project: each has a price in a price file. Seconds of
 * machines are measured, everything else is counted.
 */
export const METERED = {
  "tasks.operations": "operations",
  "pubsub.bytes": "bytes",
  "storage.classA": "operations",
  "storage.classB": "operations",
  "storage.writtenBytes": "bytes",
  "storage.readBytes": "bytes",
  "run.requests": "requests",
  "workflows.internalSteps": "steps",
  "workflows.externalSteps": "steps",
  "vertex.predictRequests": "requests",
  "vertex.predictions": "instances",
  "vertex.jobs": "jobs",
  "dataflow.jobs": "jobs",
  "run.jobTasks": "tasks",
  "run.cpuSeconds": "vCPU-seconds",
  "run.memorySeconds": "GiB-seconds",
  "run.jobCpuSeconds": "vCPU-seconds",
  "run.jobMemorySeconds": "GiB-seconds",
  "dataflow.cpuSeconds": "vCPU-seconds",
  "dataflow.memorySeconds": "GiB-seconds",
  "dataflow.diskSeconds": "GiB-seconds",
  "scheduler.jobMonths": "jobs",
  "run.idleCpuSeconds": "vCPU-seconds",
  "run.idleMemorySeconds": "GiB-seconds",
  "run.instanceCpuSeconds": "vCPU-seconds",
  "run.instanceMemorySeconds": "GiB-seconds",
  "run.poolCpuSeconds": "vCPU-seconds",
  "run.poolMemorySeconds": "GiB-seconds",
} as const;

export type Metered = keyof typeof METERED;

/** A quantity that Google bills. */
export interface Charge {
  readonly metered: Metered;
  readonly quantity: number;
}

/** A message or a body: bytes, a text, or what is sent as JSON. */
export type BillableBody = Buffer | string | object;

/** What a bill depends on of a call that an emulated API or a worker answered. */
export interface BillableCall {
  /** What a service delivers with this call, such as `queue Q task T`. @default - nothing */
  readonly item?: string;
  readonly isWorker: boolean;
  /**
   * `google.cloud.tasks.v2.CloudTasks/CreateTask`, `storage.objects.insert`; of a worker, the HTTP
   * method.
   */
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly body?: BillableBody;
  /** 0 without an answer. */
  readonly status: number;
  readonly reply?: BillableBody;
  /** Of a stream: `in` for a message of the caller, `out` for one of the service. */
  readonly stream?: "in" | "out";
}

/** What Google charges for a call. */
export type Billing = (call: BillableCall) => readonly Charge[];

export function byteLength(body: BillableBody | undefined): number {
  if (body === undefined) return 0;
  if (Buffer.isBuffer(body)) return body.length;
  return Buffer.byteLength(typeof body === "string" ? body : JSON.stringify(body));
}

/** The message in a body. Undefined for what is no JSON object. */
// biome-ignore lint/suspicious/noExplicitAny: the shape of a message is the API's.
export function messageIn(body: BillableBody | undefined): any {
  if (body === undefined) return undefined;
  if (typeof body === "object" && !Buffer.isBuffer(body)) return body;
  try {
    const parsed: unknown = JSON.parse(body.toString());
    return typeof parsed === "object" && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}
