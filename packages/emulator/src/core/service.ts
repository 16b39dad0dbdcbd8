import type { Billing, Charge } from "./billing";
import type { EmulatorContext, EvaluatedResource, GrpcService, Invocation, RestService, Simulated } from "./emulator";
import { grpcService, type Handler, type Rpc, restService } from "./rpc";

/** The emulator of one Google service while a stack runs. */
export interface Emulator {
  /** Answers of the methods that its definition has as implemented, by the method's name. */
  readonly handlers?: Readonly<Record<string, Handler>>;
  /** Answers of its bidirectional streams, by the method's name. */
  readonly streams?: NonNullable<GrpcService["streams"]>;
  /** Work that is due, waiting or under way. A run has ended when no emulator has any. */
  pending(): number;
  /**
   * Whether a process of this machine does some of it, of which nothing is heard before its end.
   * @default - there is no such process
   */
  isWorking?(): boolean;
  /** Stops timers. Nothing is dispatched afterwards. */
  stop(): void;
  /**
   * What Google charges for what the service has done so far and no call shows, such as steps of
   * workflows.
   *
   * @default - nothing
   */
  charges?(): readonly Charge[];
}

/** What answers for a service on the network. */
export interface Served {
  readonly rest: readonly RestService[];
  readonly grpc: readonly GrpcService[];
}

/** One Google API, which may be one of several that a service has. */
export interface Api<E extends Emulator = Emulator> {
  /** Full name of the proto's service, such as `google.cloud.tasks.v2.CloudTasks`. */
  readonly name: string;
  readonly hosts: readonly string[] | ((resources: readonly EvaluatedResource[]) => readonly string[]);
  /**
   * Module path of a client's `protos.json`, from which gRPC messages are encoded.
   *
   * @default - none: the API answers over REST alone
   */
  readonly protos?: string;
  /**
   * Methods that are implemented, with the HTTP rule that the proto gives:
   * `GET /v1/{project=projects/*}/topics`
   */
  readonly methods: Readonly<Record<string, string>>;
  /** Methods that are refused with UNIMPLEMENTED, by name, and their HTTP rules. @default - none */
  readonly refused?: Readonly<Record<string, string>>;
  /** Bidirectional streams that are implemented, over gRPC. @default - none */
  readonly streams?: readonly string[];
  /**
   * Fields, in lowerCamelCase, whose content is the caller's own: maps, `Struct` and `Value`.
   *
   * @default - none
   */
  readonly data?: readonly string[];
  /** Answers over REST for all methods. @default - the emulator's handlers do */
  rest?(emulator: E): RestService;
}

/** Attributes that are accepted though nothing here does what they ask for. */
export interface WithoutEffect {
  /**
   * What they are for, and why a run shows the same without them. A notice at the start of a run
   * says it.
   */
  readonly why: string;
  readonly attributes: Simulated;
}

/**
 * Says why a customer-managed key has no effect. Each service with such keys names its attributes.
 */
export const CUSTOMER_MANAGED_KEYS =
  "customer-managed keys: nothing is encrypted here, and no service agent uses its grant on them";

/** The work item that a queue, a push subscription or a schedule delivers. */
export interface Item {
  /** The same for each delivery of it, and in each run. */
  readonly id: string;
  /** As hops name it: `task T`, `message M`, `execution of TIME`. */
  readonly what: string;
  /**
   * Executions of a schedule that are due at one time look alike, such as those of a job that is
   * run by hand twice.
   */
  readonly isExecution?: true;
  /** Which delivery it is, counted from 1, where its request says so. */
  readonly attempt?: number;
  /**
   * Of messages: the subscription's full name, and the number of the delivery if the message has
   * it.
   */
  readonly message?: { readonly subscription: string; readonly attempt?: number };
}

/** What is known of a service without running it. */
export interface ServiceDescription {
  /** As Google calls it. */
  readonly name: string;
  readonly simulated: Simulated;
  /**
   * Types that belong to the service and do nothing during a run, and why. All their attributes are
   * accepted.
   *
   * @default - none
   */
  readonly passive?: Readonly<Record<string, string>>;
  /** Data sources of the service that are read when the stack is loaded. @default - none */
  readonly dataSources?: readonly string[];
  /** @default - none */
  readonly withoutEffect?: readonly WithoutEffect[];
  /** Permissions that the service checks. */
  readonly permissions: readonly string[];
  /**
   * Resources below the project that have an IAM policy of their own, by patterns in which a star
   * is one segment.
   *
   * @default - none
   */
  readonly policies?: readonly string[];
  /**
   * What Google charges for a call. It gets the calls of all services.
   *
   * @default - nothing
   */
  readonly billing?: Billing;
  /**
   * Recognizes a delivery of the service by its request.
   *
   * @default - the service delivers nothing
   */
  readonly itemOf?: (request: Pick<Invocation, "headers" | "body">) => Item | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: stands for the options of any service.
type AnyOptions = any;

/** The services that a service needs, by names of its choice. */
export type Needs = Readonly<Record<string, Service>>;

/**
 * The emulators of the services that a service needs. A service that refused the stack is missing;
 * the run does not start then.
 */
export type Needed<N extends Needs> = { readonly [Name in keyof N]?: EmulatorOf<N[Name]> };

/** Everything about an emulated service. */
export interface Service<E extends Emulator = Emulator, O = AnyOptions> extends ServiceDescription {
  readonly apis: readonly Api<E>[];
  /** Services that are created before this one. */
  readonly needs: Needs;
  /**
   * Hosts that none of Google's wildcard names covers, for the certificate of a run.
   *
   * @default - none
   */
  readonly certificateHosts?: (resources: readonly EvaluatedResource[]) => readonly string[];
  /** @throws LoadError for resources that cannot be simulated */
  create(
    context: EmulatorContext,
    resources: readonly EvaluatedResource[],
    options?: O,
    needed?: Readonly<Record<string, Emulator | undefined>>,
  ): E & Served;
}

export type EmulatorOf<S> = S extends Service<infer E> ? E : never;
export type OptionsOf<S> = S extends Service<Emulator, infer O> ? O : never;

/** What the file `index.ts` of a service's folder says. */
export interface ServiceDefinition<E extends Emulator, O, N extends Needs>
  extends Omit<Service<E, O>, "needs" | "create"> {
  /** @default - none */
  readonly needs?: N;
  create(context: EmulatorContext, resources: readonly EvaluatedResource[], options: O, needed: Needed<N>): E;
}

export function defineService<E extends Emulator, O = object, N extends Needs = Needs>(
  definition: ServiceDefinition<E, O, N>,
): Service<E, O> {
  return {
    ...definition,
    needs: definition.needs ?? {},
    create(context, resources, options = {} as O, needed = {}) {
      const emulator = definition.create(context, resources, options, needed as Needed<N>);
      return Object.assign(emulator, serve(definition.apis, emulator, resources));
    },
  };
}

/** Connects the methods of a service's APIs with the handlers of its emulator. */
function serve<E extends Emulator>(
  apis: readonly Api<E>[],
  emulator: E,
  resources: readonly EvaluatedResource[],
): Served {
  const rest: RestService[] = [];
  const grpc: GrpcService[] = [];
  // APIs of one host share a REST service, since the network finds it by its host.
  const byHosts = new Map<string, { hosts: readonly string[]; rpcs: Rpc[]; data: string[] }>();
  for (const api of apis) {
    const hosts = typeof api.hosts === "function" ? api.hosts(resources) : api.hosts;
    if (api.rest) {
      rest.push(api.rest(emulator));
      continue;
    }
    const rpcs = rpcsOf(api, emulator);
    const shared = byHosts.get(hosts.join()) ?? { hosts, rpcs: [], data: [] };
    byHosts.set(hosts.join(), shared);
    shared.rpcs.push(...rpcs);
    shared.data.push(...(api.data ?? []));
    if (api.protos === undefined) continue;
    const streams = (api.streams ?? []).map((method) => [method, required(emulator.streams, api, method)]);
    grpc.push(grpcService(api.name, { hosts, protos: api.protos, rpcs, streams: Object.fromEntries(streams) }));
  }
  rest.push(...[...byHosts.values()].map(restService));
  return { rest, grpc };
}

function rpcsOf(api: Api, { handlers }: Emulator): Rpc[] {
  const common = { api: api.name };
  return [
    ...Object.entries(api.methods).map(([name, http]) => ({
      ...common,
      name,
      http,
      run: required(handlers, api, name),
    })),
    ...Object.entries(api.refused ?? {}).map(([name, http]) => ({ ...common, name, http })),
  ];
}

function required<T>(handlers: Readonly<Record<string, T>> | undefined, { name }: Api, method: string): T {
  const handler = handlers?.[method];
  if (!handler) throw new Error(`${name}: the emulator has no handler of ${method}`);
  return handler;
}
