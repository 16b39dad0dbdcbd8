import { readFileSync } from "node:fs";
import { isServiceAgent, type Stack, StackIndex, type StackResource } from "@cdktf-serverless-ml/terraform-json";
import type { Clock } from "../core/clock";
import type { EventStream } from "../core/event-stream";
import type { EmulatorOf, Service } from "../core/service";
import { allows, type Binding, type BindingAuthorizer, type Denial } from "../iam";
import type { Network, TokenAuthority } from "../network";
import { pubSub } from "../pubsub";
import type { WorkerHost } from "../run/worker-host";
import { cloudScheduler, type Upcoming } from "../scheduler";
import type { Emulators } from "../services";
import { cloudStorage, type StoredObject } from "../storage";
import { type CreatedTask, cloudTasks } from "../tasks";
import { Client } from "./client";
import { Controls } from "./controls";
import { Curl } from "./curl";
import type { PoolWork } from "./pool-work";
import type { Propagation } from "./propagation";
import type { LineRecorder } from "./recorder";
import { waitUntilIdle } from "./wait-until-idle";

export interface DeadLetter {
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageId: string;
  readonly data: Buffer;
  /** Why, as the sender of the dead letter says it. */
  readonly reason: string;
}

export interface RunningParts {
  readonly stack: Stack;
  readonly network: Network;
  readonly tokens: TokenAuthority;
  readonly workers: WorkerHost;
  readonly emulators: Emulators;
  readonly authorizer: BindingAuthorizer;
  /** All bindings of the stack, whichever this run has. */
  readonly bindings: readonly Binding[];
  /** All that happens. */
  readonly events: EventStream;
  /** Keeps the hops, and prints them. */
  readonly recorder: LineRecorder;
  /** Calls that no binding allowed, as they come. */
  readonly denials: readonly Denial[];
  /** When bindings take effect, and what was denied before. */
  readonly late: Pick<Propagation, "early" | "at">;
  /** Calls of methods and hosts that are not simulated, as they come. */
  readonly unsimulated: readonly string[];
  /** What could not be done because a worker cannot run here, and what to do about it. */
  readonly skipped: Set<string>;
  readonly clock: Clock;
  /** Of clients: `ClientOptions.retries`. */
  readonly retries?: number;
  readonly poolWork: PoolWork;
  /** Work that interceptors do later. */
  readonly morePending: () => number;
}

/** Milliseconds between retries of a client, while bindings take effect. */
const CLIENT_WAIT = 10_000;

/** A stack that runs: what callers do with it, and what they see of it. */
export class RunningStack {
  private readonly endings: (() => Promise<void>)[];
  private readonly driven: (() => number)[] = [];
  /** Clients that wait before a retry. */
  private pauses = 0;
  /** What a person does to the stack. */
  readonly controls: Controls;

  /** @param end ends what belongs to this run alone */
  constructor(
    readonly parts: RunningParts,
    end: () => Promise<void>,
  ) {
    this.endings = [end];
    this.controls = new Controls(this, parts);
  }

  /** The emulator of a service: `running.service(pubSub).held("my-subscription")`. */
  service<S extends Service>(service: S): EmulatorOf<S> {
    return this.parts.emulators.of(service);
  }

  /** All tasks that queues accepted, in their order. */
  get createdTasks(): readonly CreatedTask[] {
    return this.service(cloudTasks).created;
  }

  get stack(): Stack {
    return this.parts.stack;
  }

  get index(): StackIndex {
    return StackIndex.of(this.stack);
  }

  /**
   * Commands for a terminal.
   *
   * @param controlUrl of the control server
   * @param email who calls; without one, commands carry no token
   */
  async curl({ controlUrl, email }: { controlUrl: string; email?: string }): Promise<Curl> {
    const { network } = this.parts;
    const metadata = email === undefined ? undefined : (await network.environment(email)).GCE_METADATA_HOST;
    return new Curl({ caFile: network.caFile, port: network.port, metadata, controlUrl });
  }

  /**
   * A client outside the stack.
   *
   * @param email by default the service account that the stack's output `client` names
   */
  client(email = this.clientEmail): Client {
    const { network, tokens, events: recorder, clock, retries, late } = this.parts;
    const ca = readFileSync(network.caFile, "utf8");
    // Retries while bindings take effect, and a little longer, since functions may still wait.
    const later = () => (clock.now() < late.at + CLIENT_WAIT ? this.pause(CLIENT_WAIT) : undefined);
    return new Client({ email, tokens, recorder, clock, retries, later, port: network.port, ca });
  }

  /** Waits by the run's clock. The wait counts as pending work. */
  private pause(milliseconds: number): Promise<void> {
    const { clock } = this.parts;
    this.pauses++;
    return new Promise((resolve) => {
      clock.at(clock.now() + milliseconds, () => {
        this.pauses--;
        resolve();
      });
    });
  }

  /**
   * A service account, other than Google's agents, that has a permission on exactly this resource
   * by the stack's bindings, whether this run has the binding or not.
   */
  holderOf(permission: string, resource: string): string | undefined {
    return this.holdersOf(permission, resource)[0];
  }

  /** All such service accounts. */
  holdersOf(permission: string, resource: string): string[] {
    const bindings = this.parts.bindings.filter(
      (binding) =>
        binding.resource === resource &&
        binding.permissions.has(permission) &&
        binding.member.startsWith("serviceAccount:") &&
        !isServiceAgent(binding.member),
    );
    return bindings.map(({ member }) => member.slice("serviceAccount:".length));
  }

  /**
   * Who may do something to a resource by this run's bindings, those on its project included.
   *
   * @returns a service account's e-mail, `allUsers` if everybody may, undefined if nobody may
   */
  callerOf(permission: string, resource: string): string | undefined {
    const { project } = this.stack.defaults;
    const may = (email: string) =>
      this.parts.bindings.some((binding) => allows(binding, { email, permission, resource }, project));
    if (may("")) return "allUsers";
    const granted = this.parts.bindings
      .filter((binding) => binding.permissions.has(permission))
      .flatMap(({ member }) => /^serviceAccount:(.+)$/.exec(member)?.[1] ?? []);
    // If every account may, any account of the stack will do.
    const own = this.named("google_service_account").map(({ attributes }) => String(attributes.email));
    return [...granted, ...own].find((email) => !isServiceAgent(email) && may(email));
  }

  /** Names of the objects that were written to a bucket, one for each time. */
  writes(bucket: string): string[] {
    return this.writtenTo(bucket).map(({ name }) => name);
  }

  /** Objects that were written to a bucket, one for each time. */
  writtenTo(bucket: string): StoredObject[] {
    return this.service(cloudStorage).written.filter((object) => object.bucket === bucket);
  }

  /** Whether the stack keeps dead letters. */
  hasDeadLetters(): boolean {
    return this.index.deadLetterTopics().size > 0;
  }

  /** @param topic full name */
  isDeadLetterTopic(topic: string): boolean {
    return this.index.deadLetterTopics().has(topic);
  }

  /** The messages in the subscriptions of the stack's dead-letter topics. */
  deadLetters(): DeadLetter[] {
    const topics = this.index.deadLetterTopics();
    return this.named("google_pubsub_subscription")
      .filter(({ attributes }) => topics.has(attributes.topic))
      .flatMap(({ attributes }) => this.service(pubSub).held(attributes.name))
      .map(({ id, attributes, data }) => ({
        attributes,
        messageId: id,
        data,
        reason: attributes.deadLetterMessage ?? attributes.deadLetterReason ?? "its deliveries failed",
      }));
  }

  /** Names of the Cloud Scheduler jobs. */
  schedules(): string[] {
    return this.named("google_cloud_scheduler_job").map(({ attributes }) => attributes.name);
  }

  /** From now on Cloud Scheduler's jobs run by the clock. @returns when each of them does next */
  startSchedules(): Upcoming[] {
    const scheduler = this.service(cloudScheduler);
    scheduler.startTicking();
    return scheduler.upcoming();
  }

  /** Fires a Cloud Scheduler job now. @returns false if all attempts failed */
  async fire(schedule: string): Promise<boolean> {
    return (await this.service(cloudScheduler).fireNow(schedule)).succeeded;
  }

  /** The decoded bodies that the jobs send. The body of a task in it is decoded, too. */
  scheduledBodies(): unknown[] {
    return this.named("google_cloud_scheduler_job").map(({ attributes }) => decoded(attributes.http_target?.body));
  }

  named(type: string): readonly StackResource[] {
    return this.index.all(type);
  }

  /** Work that is due, waiting or under way. */
  pending(): number {
    const { workers, emulators, poolWork, morePending } = this.parts;
    const driven = this.driven.reduce((sum, count) => sum + count(), 0);
    return emulators
      .all()
      .reduce(
        (sum, emulator) => sum + emulator.pending(),
        workers.pending() + poolWork.pending() + morePending() + driven + this.pauses,
      );
  }

  /** Whether a process of this machine does some of it, of which nothing is heard before its end. */
  isWorking(): boolean {
    return this.parts.emulators.all().some((emulator) => emulator.isWorking?.() ?? false);
  }

  /** Counts work outside the stack, too. */
  alsoPending(count: () => number): void {
    this.driven.push(count);
  }

  /** Waits until all work is done. A call that is refused or not simulated ends the wait. */
  async settled(patience?: number): Promise<"idle" | "failed" | "stuck"> {
    const { recorder, denials, unsimulated, poolWork, skipped } = this.parts;
    const end = await waitUntilIdle({
      pending: () => this.pending(),
      progress: () => recorder.hops.length,
      working: () => this.isWorking(),
      failed: () => denials.length + unsimulated.length > 0,
      patience,
    });
    for (const why of poolWork.skipped()) skipped.add(why);
    return end;
  }

  /** Adds work that `stop` does last. */
  onStop(ending: () => Promise<void>): void {
    this.endings.push(ending);
  }

  async stop(): Promise<void> {
    for (const end of this.endings.splice(0)) await end();
  }

  /** The service account that the stack's output `client` names. */
  get clientEmail(): string {
    return String(this.stack.outputs.client).replace(/^serviceAccount:/, "");
  }
}

/** Decodes JSON in base64. Fields `body` in it are decoded in the same way. */
function decoded(base64: unknown): unknown {
  if (typeof base64 !== "string") return undefined;
  try {
    return JSON.parse(Buffer.from(base64, "base64").toString(), (key, value) =>
      key === "body" ? (decoded(value) ?? value) : value,
    );
  } catch {
    return undefined;
  }
}
