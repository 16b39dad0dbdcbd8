import {
  type BillableCall,
  type BilledWorker,
  billedWorkers,
  type Charge,
  chargesOf,
  type RunningStack,
} from "@cdktf-serverless-ml/emulator";
import { billedSeconds, type Interval } from "./instance-time";
import { isMeasured, perItem, sum, type Usage } from "./usage";

/** What the meter needs of a call. */
export interface MeteredCall extends BillableCall {
  /** Of a worker: its name. */
  readonly service: string;
  /** Real time, milliseconds since 1970, and how long it took. */
  readonly realStart: number;
  readonly realDuration: number;
}

/** A worker that is billed by the time of its instances, and the requests that it got. */
export interface WorkerUse {
  readonly worker: BilledWorker;
  readonly requests: readonly Interval[];
}

/** Sums up what Google bills of a run, until it is read. */
export class CostMeter {
  private readonly charges: Charge[] = [];
  private readonly requests = new Map<string, Interval[]>();

  private readonly end: () => void;

  constructor(private readonly running: Pick<RunningStack, "parts" | "stack">) {
    this.end = running.parts.events.subscribe({ call: (call) => this.note(call) });
  }

  private note(call: MeteredCall): void {
    const charges = chargesOf(call);
    this.charges.push(...charges);
    if (!charges.some(({ metered }) => metered === "run.requests")) return;
    const intervals = this.requests.get(call.service) ?? [];
    this.requests.set(call.service, intervals);
    intervals.push({ start: call.realStart, end: call.realStart + call.realDuration });
  }

  /** The workers that got requests. */
  workers(): WorkerUse[] {
    return billedWorkers(this.running.stack.resources).flatMap((worker) => {
      const requests = this.requests.get(worker.name);
      return requests ? [{ worker, requests }] : [];
    });
  }

  /** What was used until now. Later calls do not count. */
  read(item: string, items: number): Usage {
    this.end();
    const ofEmulators = this.running.parts.emulators.all().flatMap((emulator) => emulator.charges?.() ?? []);
    const all = [...this.charges, ...ofEmulators];
    const counted = sum(all.filter(({ metered }) => !isMeasured(metered)));
    return {
      item,
      items,
      counted,
      perItem: perItem({ items }, counted),
      measured: sum([
        ...all.filter(({ metered }) => isMeasured(metered)),
        ...this.workers().flatMap(({ worker, requests }) => timeCharges(worker, requests)),
      ]),
    };
  }
}

/** Of the instances of a worker that got requests. */
export function timeCharges(
  { size, concurrency, byRequest }: Pick<BilledWorker, "size" | "concurrency" | "byRequest">,
  requests: readonly Interval[],
): readonly Charge[] {
  const seconds = billedSeconds(requests, concurrency);
  return [
    { metered: byRequest ? "run.cpuSeconds" : "run.instanceCpuSeconds", quantity: size.cpus * seconds },
    { metered: byRequest ? "run.memorySeconds" : "run.instanceMemorySeconds", quantity: size.memory * seconds },
  ];
}
