import type { BillableCall, Charge } from "./core/billing";
import type { EmulatorContext, EvaluatedResource, Invocation } from "./core/emulator";
import { LoadError } from "./core/load-error";
import type { Emulator, EmulatorOf, Item, OptionsOf, Served, Service, ServiceDescription } from "./core/service";
import { cloudDataflow } from "./dataflow";
import { cloudFunctions } from "./functions";
import { iam } from "./iam";
import { pubSub } from "./pubsub";
import { cloudRun } from "./run";
import type { LocalPrograms } from "./run/local-programs";
import { cloudRunJobs } from "./run-jobs";
import { cloudScheduler } from "./scheduler";
import { secretManager } from "./secrets";
import { cloudStorage } from "./storage";
import { cloudTasks } from "./tasks";
import { vertexAi } from "./vertex";
import { cloudWorkflows } from "./workflows";

/** All emulated services. To register one, add it here. */
export const SERVICES = [
  cloudTasks,
  pubSub,
  cloudScheduler,
  secretManager,
  cloudStorage,
  cloudDataflow,
  vertexAi,
  cloudWorkflows,
  cloudRunJobs,
] as const;

/** What a stack may hold: all services, and those that the machine itself runs. */
export const DESCRIPTIONS: readonly ServiceDescription[] = [cloudFunctions, cloudRun, iam, ...SERVICES];

type Intersection<Union> = (Union extends unknown ? (member: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;

/** The options of all services together. */
export type ServiceOptions = Intersection<OptionsOf<(typeof SERVICES)[number]>> & {
  /** Runs containers on this machine. */
  readonly programs: LocalPrograms;
};

/**
 * Recognizes a delivery of any service.
 *
 * @returns undefined for another request, such as a workflow's call
 */
export function itemOf(request: Pick<Invocation, "headers" | "body">): Item | undefined {
  for (const service of SERVICES as readonly Service[]) {
    const item = service.itemOf?.(request);
    if (item) return item;
  }
  return undefined;
}

/** What Google charges for a call. */
export function chargesOf(call: BillableCall): readonly Charge[] {
  return DESCRIPTIONS.flatMap(({ billing }) => billing?.(call) ?? []);
}

/** One emulator of each service, with a stack's resources. */
export class Emulators {
  /** Undefined for a service that refused the stack. */
  private readonly created = new Map<Service, (Emulator & Served) | undefined>();

  /**
   * @throws LoadError with the reasons of all services; ApiError for what the deployment is not
   *   permitted to do
   */
  constructor(context: EmulatorContext, resources: readonly EvaluatedResource[], options: ServiceOptions) {
    const reasons: string[] = [];
    const attempt = (work: () => Emulator & Served) => {
      try {
        return work();
      } catch (error) {
        if (!(error instanceof LoadError)) throw error;
        reasons.push(...error.reasons);
        return undefined;
      }
    };
    const create = (service: Service): Emulator | undefined => {
      if (this.created.has(service)) return this.created.get(service);
      // Services that refused the stack are missing here. The others are created all the same, for
      // their reasons.
      const needed = Object.fromEntries(Object.entries(service.needs).map(([name, other]) => [name, create(other)]));
      const emulator = attempt(() => service.create(context, resources, options, needed));
      this.created.set(service, emulator);
      return emulator;
    };
    for (const service of SERVICES as readonly Service[]) create(service);
    if (reasons.length === 0) return;
    for (const emulator of this.all()) emulator.stop();
    throw new LoadError(reasons);
  }

  /** The emulator of a service. */
  of<S extends Service>(service: S): EmulatorOf<S> {
    const emulator = this.created.get(service);
    if (!emulator) throw new Error(`${service.name} is not registered in services.ts`);
    return emulator as unknown as EmulatorOf<S>;
  }

  all(): (Emulator & Served)[] {
    return this.named().map(({ emulator }) => emulator);
  }

  /** Each with its service's name. */
  named(): { readonly name: string; readonly emulator: Emulator & Served }[] {
    return [...this.created].flatMap(([{ name }, emulator]) => (emulator ? [{ name, emulator }] : []));
  }
}
