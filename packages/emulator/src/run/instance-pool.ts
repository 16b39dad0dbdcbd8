import type { Clock } from "../core/clock";
import type { CrashPoint, RestReply } from "../core/emulator";
import type { Log } from "../core/log";
import { type Ending, RequestEnd } from "./ending";
import { noInstance, timedOut, unavailable } from "./error-pages";
import { Instance, type InstanceOptions, type InstanceRequest } from "./instance";
import type { ServiceSettings } from "./service-settings";

/** How busy a service is. */
export interface PoolState {
  readonly instances: number;
  /** Requests under way. */
  readonly underWay: number;
  /** Requests that wait for an instance. */
  readonly waiting: number;
}

export interface InstancePoolOptions {
  readonly settings: Pick<ServiceSettings, "concurrency" | "minInstances" | "maxInstances" | "timeout">;
  readonly instance: Pick<InstanceOptions, "program"> & { readonly log: Log };
  readonly clock: Clock;
  /** The most processes at a time, if the stack allows more instances. */
  readonly maxProcesses: number;
  /** @default - processes */
  readonly create?: (options: InstanceOptions) => PoolInstance;
}

interface Waiting {
  take(instance: PoolInstance): void;
  fail(reply: RestReply): void;
}

/**
 * Cloud Run keeps an idle instance for up to 15 minutes. Source:
 * https://docs.cloud.google.com/run/docs/about-instance-autoscaling
 */
const IDLE = 15 * 60_000;
/** What a pool needs of an instance. */
export type PoolInstance = Pick<
  Instance,
  "load" | "isReady" | "ended" | "ready" | "send" | "mayHaveEnded" | "kill" | "stop"
>;

/**
 * Milliseconds that a request waits for an instance before 429, if there are as many as allowed.
 * Source: the same page ("for up to 10 seconds", or 3.5 times the average start, whichever is
 * longer). Here instances start in a fraction of a second.
 */
const PATIENCE = 10_000;

/**
 * Gives requests to the instances of one service as Cloud Run does: starts, fills, and ends them.
 */
export class InstancePool {
  private readonly instances = new Set<PoolInstance>();
  /** Instances that end after their current requests. */
  private readonly leaving = new Set<PoolInstance>();
  private readonly queue = new Set<Waiting>();
  private readonly idle = new Map<PoolInstance, () => void>();
  /** Local port -> the instance that opened the latest connection from it to Google's hosts. */
  private readonly callers = new Map<number, PoolInstance>();
  /** Calls under way by their instances, in their order; of an idle instance, its last one. */
  private readonly serving = new Map<PoolInstance, Set<number>>();
  private starting = 0;
  private underWay = 0;
  private stopped = false;
  private program: InstanceOptions["program"];

  constructor(private readonly options: InstancePoolOptions) {
    this.program = options.instance.program;
  }

  /**
   * Starts the minimum of instances, but at least one, as a deployment does to see that the
   * service works.
   */
  async start(): Promise<void> {
    const count = Math.min(Math.max(1, this.options.settings.minInstances), this.most);
    await Promise.all(Array.from({ length: count }, () => this.startInstance()));
  }

  /** Requests that wait or are under way. */
  pending(): number {
    return this.queue.size + this.underWay;
  }

  /**
   * @param abandoned aborts when the caller has gone: a request that waits is dropped, one that is
   *   under way goes on
   */
  async handle(request: InstanceRequest, abandoned?: Ending, crashPoint?: CrashPoint): Promise<RestReply> {
    const place = await this.place(abandoned);
    if ("status" in place) return place;
    return this.exchange(place, request, crashPoint);
  }

  /** The calls that the instance serves which opened the connection from a port. */
  servedAt(port: number): readonly number[] {
    return this.servedBy(this.callers.get(port));
  }

  private servedBy(instance: PoolInstance | undefined): readonly number[] {
    const calls = instance && this.serving.get(instance);
    return calls ? [...calls] : [];
  }

  /**
   * Ends instances at once, as if each had crashed.
   *
   * @param port of a connection to Google's hosts: only the instance that opened it. @default - all
   * @returns how many there were
   */
  crash(port?: number): number {
    const caller = port === undefined ? undefined : this.callers.get(port);
    const doomed = [...this.instances].filter((instance) => port === undefined || instance === caller);
    for (const instance of doomed) instance.kill();
    return doomed.length;
  }

  /** Ends the busiest instance at once, as if it had crashed. @returns whether there was one */
  crashOne(): boolean {
    const [busiest] = [...this.instances].sort((one, other) => other.load - one.load);
    busiest?.kill();
    return busiest !== undefined;
  }

  state(): PoolState {
    return { instances: this.instances.size, underWay: this.underWay, waiting: this.queue.size };
  }

  /**
   * From now on instances run another program. Requests under way end where they are.
   *
   * @throws Error if the new program does not listen. Then the old one stays
   */
  async replace(program: InstanceOptions["program"]): Promise<void> {
    const started = await this.startInstance(program);
    this.program = program;
    for (const instance of this.instances) if (instance !== started) this.retire(instance);
  }

  /** The instance gets no further request, and ends when it has none. */
  private retire(instance: PoolInstance): void {
    if (!this.instances.delete(instance)) return;
    this.leaving.add(instance);
    this.idle.get(instance)?.();
    this.idle.delete(instance);
    if (instance.load === 0) void instance.stop();
  }

  /** Ends what waits and what is under way. The next request starts an instance. */
  async reset(): Promise<void> {
    for (const waiting of this.queue) waiting.fail(unavailable("the run ends"));
    const all = [...this.instances, ...this.leaving];
    for (const instance of all) instance.kill();
    await Promise.all(all.map(({ ended }) => ended));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const cancel of this.idle.values()) cancel();
    await this.reset();
  }

  private get most(): number {
    return Math.min(this.options.settings.maxInstances, this.options.maxProcesses);
  }

  /** An instance that has room, with its load counted already; an error page if there is none. */
  private place(abandoned?: Ending): Promise<PoolInstance | RestReply> {
    const { concurrency } = this.options.settings;
    for (const instance of this.instances) {
      if (instance.isReady && instance.load < concurrency) return Promise.resolve(this.occupy(instance));
    }
    return new Promise((resolve) => {
      const end = (result: PoolInstance | RestReply) => {
        this.queue.delete(waiting);
        cancel();
        resolve(result);
      };
      const waiting: Waiting = { take: (instance) => end(this.occupy(instance)), fail: end };
      const cancel = this.options.clock.at(this.options.clock.now() + PATIENCE, () => {
        if (this.isBeyondCapacity(waiting)) end(noInstance);
      });
      if (abandoned) abandoned.onabort = () => end(unavailable("the caller has gone"));
      this.queue.add(waiting);
      this.scaleOut();
    });
  }

  /**
   * Whether the cloud would have no instance for a request either. A request that only the limit of
   * this machine holds back continues to wait.
   */
  private isBeyondCapacity(waiting: Waiting): boolean {
    const { maxInstances, concurrency } = this.options.settings;
    return this.underWay + [...this.queue].indexOf(waiting) >= maxInstances * concurrency;
  }

  private occupy(instance: PoolInstance): PoolInstance {
    this.idle.get(instance)?.();
    this.idle.delete(instance);
    instance.load++;
    return instance;
  }

  private scaleOut(): void {
    const { concurrency } = this.options.settings;
    while (!this.stopped && this.queue.size > this.starting * concurrency && this.instances.size < this.most) {
      this.startInstance().catch((error) => {
        const others = this.starting > 0 || [...this.instances].some(({ isReady }) => isReady);
        if (!others) for (const waiting of this.queue) waiting.fail(unavailable(error.message));
      });
    }
  }

  private async startInstance(program = this.program): Promise<PoolInstance> {
    const onCalling = (caller: PoolInstance, port: number) => this.callers.set(port, caller);
    const { create = (options: InstanceOptions) => new Instance(options) } = this.options;
    const { log } = this.options.instance;
    const instance: PoolInstance = create({
      program,
      log: log.of(() => this.servedBy(instance)),
      onCalling,
    });
    this.instances.add(instance);
    this.starting++;
    void instance.ended.then(() => {
      this.instances.delete(instance);
      this.leaving.delete(instance);
      this.serving.delete(instance);
      this.idle.get(instance)?.();
      this.idle.delete(instance);
      // One that never listened would not do so the next time either.
      if (instance.isReady) this.scaleOut();
    });
    try {
      await instance.ready();
    } finally {
      this.starting--;
    }
    this.fill(instance);
    return instance;
  }

  private async exchange(
    instance: PoolInstance,
    request: InstanceRequest,
    crashPoint?: CrashPoint,
  ): Promise<RestReply> {
    const { clock, settings } = this.options;
    const timeout = new RequestEnd();
    const cancel = clock.at(clock.now() + settings.timeout, () => timeout.abort());
    this.underWay++;
    this.serve(instance, request.call);
    try {
      if (crashPoint === "crash-before") instance.kill();
      const reply = await instance.send(request, timeout);
      if (crashPoint === undefined) return reply;
      instance.kill();
      await instance.ended;
      return unavailable("the instance ended before its answer was passed on");
    } catch (error) {
      // The instance goes on after a timeout,
      // https://docs.cloud.google.com/run/docs/configuring/request-timeout
      if (timeout.aborted) return timedOut;
      await instance.mayHaveEnded();
      return unavailable(`the connection to the instance had an error: ${(error as Error).message}`);
    } finally {
      cancel();
      this.underWay--;
      instance.load--;
      this.served(instance, request.call);
      this.fill(instance);
    }
  }

  private serve(instance: PoolInstance, call: number | undefined): void {
    if (call === undefined) return;
    const calls = this.serving.get(instance);
    if (calls && instance.load > 1) calls.add(call);
    else this.serving.set(instance, new Set([call]));
  }

  /** The last one stays, since what it wrote may be read after its answer. */
  private served(instance: PoolInstance, call: number | undefined): void {
    if (call === undefined) return;
    const calls = this.serving.get(instance);
    if (calls && calls.size > 1) calls.delete(call);
  }

  /** Gives waiting requests to an instance, or lets it idle. */
  private fill(instance: PoolInstance): void {
    if (!this.instances.has(instance)) {
      if (instance.load === 0 && this.leaving.has(instance)) void instance.stop();
      return;
    }
    for (const waiting of this.queue) {
      if (instance.load >= this.options.settings.concurrency) return;
      waiting.take(instance);
    }
    if (instance.load === 0) this.letIdle(instance);
  }

  private letIdle(instance: PoolInstance): void {
    const { clock, settings } = this.options;
    this.idle.get(instance)?.();
    const cancel = clock.at(clock.now() + IDLE, () => {
      this.idle.delete(instance);
      if (this.instances.size <= settings.minInstances) return;
      this.retire(instance);
    });
    this.idle.set(instance, cancel);
  }
}
