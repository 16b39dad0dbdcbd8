import { type Stack, StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { ApiError } from "../core/api-error";
import { Calls, parentIn } from "../core/calls";
import { DelegatingClock, RealClock } from "../core/clock";
import type { Authorizer, EmulatorContext, EvaluatedResource } from "../core/emulator";
import { EventStream } from "../core/event-stream";
import { LoadError } from "../core/load-error";
import type { LogEntry } from "../core/log";
import type { Service } from "../core/service";
import { LocalBeam } from "../dataflow/local-beam";
import { agentWarnings, type Binding, BindingAuthorizer, type BindingAuthorizerOptions, type Denial } from "../iam";
import { Network, TokenAuthority } from "../network";
import { pubSub } from "../pubsub";
import { requireDocker } from "../run/docker";
import { LocalPrograms } from "../run/local-programs";
import { RunCommands } from "../run/run-commands";
import { WorkerHost } from "../run/worker-host";
import { missingJobs, secretsOf } from "../run-jobs";
import { Secrets } from "../secrets";
import { DESCRIPTIONS, Emulators, itemOf, SERVICES } from "../services";
import { cloudStorage, type StoredObject } from "../storage";
import { load } from "./load";
import { observed } from "./observed";
import type { MachineOptions, RunOptions, StartOptions } from "./options";
import { PoolWork } from "./pool-work";
import { Propagation } from "./propagation";
import { LineRecorder } from "./recorder";
import { RunningStack } from "./running-stack";

/** A function that does not start, with the last lines of its log. */
export class StartError extends Error {}

/**
 * The network and the functions of a stack. They stay from run to run. Everything else is new in
 * each run.
 */
export class Machine {
  private readonly clock = new DelegatingClock();
  private readonly tokens = new TokenAuthority();
  private readonly network: Network;
  private readonly programs: LocalPrograms;
  private readonly beam: LocalBeam;
  private readonly workers: WorkerHost;
  private started = false;
  private readonly secrets: Secrets;
  private readonly tellLog: MachineOptions["onLog"];
  private readonly publicObjects: MachineOptions["publicObjects"];
  private current: {
    readonly authorizer: Authorizer;
    readonly unsimulated: string[];
    readonly skipped: Set<string>;
    readonly objects?: () => readonly StoredObject[];
    readonly events?: EventStream;
    readonly calls?: Calls;
  };

  private constructor(
    readonly stack: Stack,
    /** The stack's, and those of Google's agents. */
    readonly bindings: readonly Binding[],
    options: MachineOptions,
  ) {
    const { onLog: tellLog, onNotice, secrets: given, publicObjects, run = {}, docker, python, ...rest } = options;
    const { startsLater, ...iam } = rest;
    const { clock, tokens, place } = this;
    const { resources, folder } = stack;
    this.publicObjects = publicObjects;
    this.tellLog = tellLog;
    this.current = { authorizer: this.authorizerOf(iam), unsimulated: [], skipped: new Set() };
    const authorizer: Authorizer = { require: (...what) => this.current.authorizer.require(...what) };
    const onRefused = (host: string) => this.current.unsimulated.push(`${host} is not simulated`);
    this.network = new Network({ ...place, tokens, clock, onRefused, moreHosts: certificateHosts(resources) });
    const references = [...WorkerHost.secrets({ ...place, resources }), ...secretsOf(resources, place)];
    this.secrets = new Secrets({ ...place, resources, references, given });
    const { network, secrets } = this;
    this.programs = new LocalPrograms({ commands: new RunCommands(stack, run), network, docker });
    this.beam = new LocalBeam(network, python);
    const { programs } = this;
    const common = { ...place, resources, folder, network, authorizer, clock, programs, secrets, python };
    const objects = () => this.current.objects?.() ?? [];
    const onSkipped = (why: string) => this.current.skipped.add(why);
    const onFailure = (why: string) => this.current.unsimulated.push(why);
    const calls = () => this.current.calls;
    const { onLog } = this;
    const told = { onLog, onNotice, onSkipped, onFailure };
    this.workers = new WorkerHost({ ...common, ...told, startsLater, calls, itemOf, objects });
  }

  /**
   * Reads a stack and starts its functions.
   *
   * @param folder holds `cdk.tf.json`.
   * @throws StackError, LoadError with everything that is not simulated, RunCommandError,
   *   DockerError, ApiError for what the stack's own deployment may not do, StartError. Then
   * nothing   runs any more.
   */
  static async start(folder: string, options: MachineOptions = {}): Promise<Machine> {
    const { stack, bindings, notices } = load(folder, options.outputsOf);
    new RunCommands(stack, options.run).check();
    if (options.docker) await requireDocker();
    const { project, region } = stack.defaults;
    const { projectNumber, resources } = stack;
    const problems = WorkerHost.problems({ project, region, projectNumber, resources });
    if (problems.length > 0) throw new LoadError(problems);
    const machine = new Machine(stack, bindings, options);
    const madeUp = machine.secrets.madeUp.map(
      (name) => `the value of ${name} is made up; --secrets <file> gives it one`,
    );
    for (const notice of [...notices, ...madeUp, ...agentWarnings(resources)]) options.onNotice?.(notice);
    try {
      // A first run finds what is not simulated before anything starts.
      await machine.run({ bindings: options.bindings, onDenied: options.onDenied }).stop();
      await machine.network.start();
      await machine.workers.start().catch((error) => {
        throw error instanceof ApiError ? error : new StartError(error.message);
      });
      machine.started = true;
      for (const why of machine.missing()) options.onNotice?.(`${why}. What it should do is skipped`);
      for (const why of missingJobs(resources, machine.programs)) options.onNotice?.(`${why}. Its executions fail`);
      return machine;
    } catch (error) {
      await machine.stop();
      throw error;
    }
  }

  /**
   * Begins a run: empty queues, topics and buckets, and bindings of its own. One run at a time.
   *
   * @throws LoadError with everything that is not simulated, ApiError for what the stack's own
   *   deployment may not do
   */
  run({
    clock = new RealClock(),
    write,
    colours,
    retries,
    intercept,
    propagation = 0,
    mayBeLate,
    bindings,
    onAllowed,
    onDenied,
    withoutBeam = false,
    ...services
  }: RunOptions = {}): RunningStack {
    const { stack, network, tokens, workers } = this;
    const events = new EventStream(clock);
    const recorder = new LineRecorder(events, { write, colours, names: namesOf(stack) });
    const calls = new Calls(events, (port) => workers.servedAt(port));
    const denials: Denial[] = [];
    const unsimulated: string[] = [];
    const deny = (denial: Denial) => {
      denials.push(denial);
      onDenied?.(denial);
    };
    const late = new Propagation(stack, clock, mayBeLate);
    const { inEffect, onEarly } = late;
    const authorizer = this.authorizerOf({ bindings, events, onAllowed, onDenied: deny, inEffect, onEarly });
    const skipped = new Set<string>();
    this.current = { authorizer, unsimulated, skipped, events, calls };
    this.clock.delegateTo(clock);
    workers.requireDeployments();

    const between = intercept?.({ clock, recorder: events }) ?? {};
    const invoker = between.invoker?.(workers) ?? workers;
    const context: EmulatorContext = { ...this.place, clock, recorder: events, authorizer, tokens, invoker };
    const emulators = new Emulators(context, stack.resources, {
      ...services,
      directory: stack.folder,
      publicObjects: this.publicObjects,
      secretStore: this.secrets,
      programs: this.programs,
      beam: withoutBeam ? undefined : this.beam,
      onLog: this.onLog,
      onSkipped: (why) => skipped.add(why),
      publisher: between.publisher,
      holdFor: ({ email }) => workers.pools.holdFor(email, clock),
    });
    this.current = { ...this.current, objects: () => emulators.of(cloudStorage).objects() };
    network.services.clear();
    network.services.add(
      ...emulators
        .named()
        .map(({ name: service, emulator }) =>
          observed(emulator, { service, calls, between: between.service, report: (what) => unsimulated.push(what) }),
        ),
      { rest: [workers.service()], grpc: [] },
    );
    const parts = {
      stack,
      bindings: this.bindings,
      network,
      tokens,
      workers,
      emulators,
      authorizer,
      events,
      recorder,
      clock,
      retries,
    };
    const morePending = () => between.pending?.() ?? 0;
    late.begin(propagation, authorizer.used);
    const held = (subscription: string) => emulators.of(pubSub).held(subscription).length;
    const poolWork = new PoolWork({ stack, pools: workers.pools, bindings: this.bindings, held });
    if (this.started) workers.pools.start();
    return new RunningStack({ ...parts, poolWork, late, denials, unsimulated, skipped, morePending }, async () => {
      events.end();
      await workers.pools.stop();
      for (const emulator of emulators.all()) emulator.stop();
    });
  }

  /** Tells of a line that a worker or a job wrote. */
  private readonly onLog = (worker: string, entry: LogEntry, serving: readonly number[] = []): void => {
    const { events, calls } = this.current;
    if (events?.wants("log")) {
      const traced = calls?.withSpan(entry.fields?.["logging.googleapis.com/spanId"]);
      events.emit("log", { worker, ...entry, ...parentIn(traced === undefined ? serving : [traced], "call") });
    }
    this.tellLog?.(worker, entry);
  };

  /** Why workers of the stack cannot run here, and what to do about it. */
  missing(): readonly string[] {
    return this.workers.missing();
  }

  async stop(): Promise<void> {
    await this.workers.stop();
    await this.network.stop();
  }

  private get place() {
    const { defaults, projectNumber } = this.stack;
    return { project: defaults.project, region: defaults.region, projectNumber };
  }

  private authorizerOf({
    bindings: choose = () => true,
    ...callbacks
  }: Pick<RunOptions, "bindings" | "onDenied" | "onAllowed"> &
    Pick<BindingAuthorizerOptions, "events" | "inEffect" | "onEarly">): BindingAuthorizer {
    const bindings = this.bindings.flatMap((binding) => {
      const chosen = choose(binding);
      return chosen === true ? [binding] : chosen === false ? [] : [chosen];
    });
    const policies = DESCRIPTIONS.flatMap((description) => description.policies ?? []);
    return new BindingAuthorizer(bindings, { project: this.place.project, policies, ...callbacks });
  }
}

/**
 * Starts a synthesized stack on this machine, and waits until all its functions listen.
 *
 * @param folder holds `cdk.tf.json`.
 * @throws StackError, LoadError with everything that is not simulated, ApiError for what the
 *   stack's own deployment may not do, StartError. Nothing runs then any more.
 */
export async function startStack(folder: string, options: StartOptions = {}): Promise<RunningStack> {
  const machine = await Machine.start(folder, options);
  try {
    const running = machine.run(options);
    running.onStop(() => machine.stop());
    return running;
  } catch (error) {
    await machine.stop();
    throw error;
  }
}

/** Hosts of all services that need a certificate of their own. */
function certificateHosts(resources: readonly EvaluatedResource[]): string[] {
  return (SERVICES as readonly Service[]).flatMap((service) => service.certificateHosts?.(resources) ?? []);
}

/** Host -> name of each function. */
function namesOf(stack: Stack): Map<string, string> {
  const functions = StackIndex.of(stack).workers();
  return new Map(functions.flatMap(({ name, uri }) => (uri === undefined ? [] : [[new URL(uri).host, name] as const])));
}
