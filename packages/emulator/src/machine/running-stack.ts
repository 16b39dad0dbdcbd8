import { readFileSync } from "node:fs";
import { isServiceAgent, type Stack, StackIndex, type StackResource } from "@cdktf-serverless-ml/terraform-json";
import type { Clock } from "../core/clock";
import type { EmulatorOf, Service } from "../core/service";
import type { FunctionHost } from "../functions";
import { allows, type Binding, type BindingAuthorizer, type Denial } from "../iam";
import type { Network, TokenAuthority } from "../network";
import { pubSub } from "../pubsub";
import { cloudScheduler, type Upcoming } from "../scheduler";
import type { Emulators } from "../services";
import { cloudStorage, type StoredObject } from "../storage";
import { type CreatedTask, cloudTasks } from "../tasks";
import { Client } from "./client";
import { Curl } from "./curl";
import type { Propagation } from "./propagation";
import type { LineRecorder } from "./recorder";
import { waitUntilIdle } from "./wait-until-idle";

export interface DeadLetter {
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageId: string;
  readonly data: Buffer;
  /** Why, in the words of whoever handed it over. */
  readonly reason: string;
}

export interface RunningParts {
  readonly stack: Stack;
  readonly network: Network;
  readonly tokens: TokenAuthority;
  readonly functions: FunctionHost;
  readonly emulators: Emulators;
  readonly authorizer: BindingAuthorizer;
  /** The stack's own, whichever this run has. */
  readonly bindings: readonly Binding[];
  readonly recorder: LineRecorder;
  /** Calls that no binding allowed, as they come. */
  readonly denials: readonly Denial[];
  /** When bindings take effect, and what was denied before. */
  readonly late: Pick<Propagation, "early" | "at">;
  /** Calls of what no emulator does, and of hosts that nobody stands in for, as they come. */
  readonly unsimulated: readonly string[];
  readonly clock: Clock;
  /** Of clients: `ClientOptions.retries`. */
  readonly retries?: number;
  /** Work that whatever stands between the parts does later. */
  readonly morePending: () => number;
}

/** Milliseconds after which a client asks again, while bindings take effect. */
const CLIENT_WAIT = 10_000;

/** A stack that runs: what drivers and watchers may do with it. */
export class RunningStack {
  private readonly endings: (() => Promise<void>)[];
  private readonly driven: (() => number)[] = [];
  /** Of clients that wait before they ask again. */
  private pauses = 0;

  /** @param end ends what belongs to this run alone */
  constructor(
    readonly parts: RunningParts,
    end: () => Promise<void>,
  ) {
    this.endings = [end];
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

  /** Somebody outside. @param email default: the service account that the stack's output `client` names */
  client(email = this.clientEmail): Client {
    const { network, tokens, recorder, clock, retries, late } = this.parts;
    const ca = readFileSync(network.caFile, "utf8");
    // While bindings take effect, and a little longer, as functions may still wait for what they need.
    const later = () => (clock.now() < late.at + CLIENT_WAIT ? this.pause(CLIENT_WAIT) : undefined);
    return new Client({ email, tokens, recorder, clock, retries, later, port: network.port, ca });
  }

  /** Lets time pass by the run's clock, which counts as work that is pending. */
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
   * A service account that the stack gives a permission on exactly this resource, Google's own agents apart; also where this
   * run does without that binding.
   */
  holderOf(permission: string, resource: string): string | undefined {
    const found = this.parts.bindings.find(
      (binding) =>
        binding.resource === resource &&
        binding.permissions.has(permission) &&
        binding.member.startsWith("serviceAccount:") &&
        !isServiceAgent(binding.member),
    );
    return found?.member.slice("serviceAccount:".length);
  }

  /**
   * Who may do something to a resource by this run's bindings, those on its project included.
   *
   * @returns a service account's e-mail, `allUsers` where nobody need say who they are, undefined where none may
   */
  callerOf(permission: string, resource: string): string | undefined {
    const { project } = this.stack.defaults;
    const may = (email: string) =>
      this.parts.bindings.some((binding) => allows(binding, { email, permission, resource }, project));
    if (may("")) return "allUsers";
    const granted = this.parts.bindings
      .filter((binding) => binding.permissions.has(permission))
      .flatMap(({ member }) => /^serviceAccount:(.+)$/.exec(member)?.[1] ?? []);
    // Where every account may, any of the stack's own will do.
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

  /** What lies in the subscriptions of the stack's dead-letter topics. */
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

  /** Fires a Cloud Scheduler job now. @returns false where all its attempts failed */
  async fire(schedule: string): Promise<boolean> {
    return (await this.service(cloudScheduler).fireNow(schedule)).succeeded;
  }

  /** What the jobs send, decoded; a task's own body too. */
  scheduledBodies(): unknown[] {
    return this.named("google_cloud_scheduler_job").map(({ attributes }) => decoded(attributes.http_target?.body));
  }

  named(type: string): readonly StackResource[] {
    return this.index.all(type);
  }

  /** Work that is due, waiting or under way. */
  pending(): number {
    const { functions, emulators, morePending } = this.parts;
    const driven = this.driven.reduce((sum, count) => sum + count(), 0);
    return emulators
      .all()
      .reduce((sum, emulator) => sum + emulator.pending(), functions.pending() + morePending() + driven + this.pauses);
  }

  /** Counts work of somebody outside, too. */
  alsoPending(count: () => number): void {
    this.driven.push(count);
  }

  /** Waits until all is quiet; a call that is refused or not simulated ends it. */
  settled(patience?: number): Promise<"idle" | "failed" | "stuck"> {
    const { recorder, denials, unsimulated } = this.parts;
    return waitUntilIdle({
      pending: () => this.pending(),
      progress: () => recorder.hops.length,
      failed: () => denials.length + unsimulated.length > 0,
      patience,
    });
  }

  /** Does more when it is stopped, after what it does itself. */
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

/** base64 of JSON, whose `body`s may be the same again. */
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
