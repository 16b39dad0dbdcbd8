import { one, type StackResource } from "@cdktf-serverless-ml/terraform-json";
import { Actors, emailIn, isServiceAgent } from "./actors";
import { type Grant, grantsOf, mayActAs } from "./grants";
import { type Arrow, arrowKey, type Box, type Kind, type Wired, type Wiring } from "./model";
import { bareName, boxName, identityName } from "./names";
import { allows, isQuiet, roleName, verbs } from "./roles";

/**
 * What calls what in a stack, and as whom: read from targets, subscriptions, notifications and grants. A box that
 * nothing calls and that calls nothing is left out, and so are builds, logs and Google's service agents.
 */
export function wiring(stack: Wired): Wiring {
  return new Reader(stack).read();
}

const KINDS: Readonly<Record<string, Kind>> = {
  google_cloud_scheduler_job: "schedule",
  google_cloud_tasks_queue: "queue",
  google_cloudfunctions2_function: "function",
  google_dataflow_job: "job",
  google_pubsub_subscription: "subscription",
  google_pubsub_topic: "topic",
  google_storage_bucket: "bucket",
  google_workflows_workflow: "workflow",
};

/** Who begins stands first, as Mermaid lays boxes out in their order. */
const ORDER: readonly Kind[] = ["client", "schedule"];

class Reader {
  private readonly boxes = new Map<string, Box>();
  private readonly arrows = new Map<string, Arrow>();
  private readonly actors: Actors;

  constructor(private readonly stack: Wired) {
    this.actors = new Actors(stack.resources);
  }

  read(): Wiring {
    for (const resource of this.stack.resources) {
      const kind = KINDS[resource.type];
      if (kind)
        this.add({ key: resource.address, kind, label: this.labelOf(resource, kind), addresses: [resource.address] });
    }
    this.markDeadLetters();
    for (const queue of this.of("google_cloud_tasks_queue")) this.queue(queue);
    for (const subscription of this.of("google_pubsub_subscription")) this.subscription(subscription);
    for (const notification of this.of("google_storage_notification")) this.notification(notification);
    for (const schedule of this.of("google_cloud_scheduler_job")) this.schedule(schedule);
    // First who may launch jobs: these are boxes that other grants begin at.
    const grants = this.stack.resources.flatMap(grantsOf);
    for (const grant of grants)
      if (allows(grant.role, "dataflow.jobs.create", this.stack.resources)) this.launches(grant, grants);
    for (const grant of grants) this.grant(grant, grants);
    return this.connected();
  }

  private queue(queue: StackResource): void {
    const target = one(queue.attributes.http_target);
    const host = one(target.uri_override).host;
    const called = this.functionAt(typeof host === "string" ? `https://${host}` : undefined);
    if (called)
      this.call(queue.address, called.address, `POST${this.as(one(target.oidc_token).service_account_email)}`);
  }

  private subscription(subscription: StackResource): void {
    const { topic, push_config: push, dead_letter_policy: policy } = subscription.attributes;
    const source = this.topic(topic);
    const dead = this.topic(one(policy).dead_letter_topic);
    const called = this.functionAt(one(push).push_endpoint);
    const key = this.boxes.has(subscription.address) ? subscription.address : undefined;
    if (key && source) this.deliver(source.address, key, "");
    if (key && called)
      this.call(key, called.address, `push${this.as(one(one(push).oidc_token).service_account_email)}`);
    if (key && dead) this.deliver(key, dead.address, `after ${one(policy).max_delivery_attempts ?? 5} deliveries`);
  }

  private notification(notification: StackResource): void {
    const bucket = this.find("google_storage_bucket", ({ name }) => name === notification.attributes.bucket);
    const topic = this.topic(notification.attributes.topic);
    const events: string[] = notification.attributes.event_types ?? ["every event"];
    if (bucket && topic) this.deliver(bucket.address, topic.address, events.join(", "), [notification.address]);
  }

  private schedule(schedule: StackResource): void {
    const target = one(schedule.attributes.http_target);
    const [, path] = /^https:\/\/cloudtasks\.googleapis\.com\/v2\/(.*)\/tasks$/.exec(target.uri ?? "") ?? [];
    const queue = this.find("google_cloud_tasks_queue", ({ id, name }) => path !== undefined && path === (id ?? name));
    const called = queue ?? this.functionAt(target.uri);
    const topic = this.topic(one(schedule.attributes.pubsub_target).topic_name);
    const email = one(target.oauth_token).service_account_email ?? one(target.oidc_token).service_account_email;
    if (called) this.call(schedule.address, called.address, `${queue ? "creates a task" : "calls"}${this.as(email)}`);
    if (topic) this.deliver(schedule.address, topic.address, "publishes");
  }

  /** A grant of `roles/dataflow.developer` and the like; jobs run as whom the launcher may act as. */
  private launches(grant: Grant, grants: readonly Grant[]): void {
    const workers = grants.filter(({ role }) => role === "roles/dataflow.worker").map(({ member }) => emailIn(member));
    for (const launcher of this.callers(grant)) {
      const used = workers.filter((worker) => worker && mayActAs(grants, grant.member, worker));
      for (const worker of used.length > 0 ? used : [undefined]) {
        const key = `job launched as ${worker}`;
        this.add({ key, kind: "job", label: ["Dataflow job", "one for each launch"], addresses: [] });
        if (worker) this.actors.add(worker, key);
        this.call(launcher, key, `launches${this.as(worker)}`, [grant.address]);
      }
    }
  }

  private grant(grant: Grant, grants: readonly Grant[]): void {
    const email = emailIn(grant.member);
    if (isServiceAgent(grant.member) || (email && this.actors.builds(email))) return;
    const on = grant.on;
    if (on.kind === "project") this.grantOnProject(grant);
    if (on.kind === "account") this.grantOnAccount(grant);
    const target = this.boxNamed(on.kind, on.name);
    if (!target) return;
    if (on.kind === "function" && email && this.presented(email, target.key, grant, grants)) return;
    const label = verbs(grant.role, target.kind);
    for (const caller of this.callers(grant)) {
      // A consumer is drawn behind its subscription, as the messages go that way.
      if (target.kind === "subscription") this.call(target.key, caller, label, [grant.address]);
      else if (this.boxes.get(caller)?.kind === "schedule") this.join(caller, target.key, [grant.address]);
      else this.call(caller, target.key, label, [grant.address]);
    }
  }

  /**
   * Whether the right to call a function is that of a token which a queue or a subscription presents. Of a queue without
   * a target each task carries URL and token: then whoever may enqueue and act as the identity can have it present this.
   */
  private presented(email: string, to: string, grant: Grant, grants: readonly Grant[]): boolean {
    const known = [...this.arrows.values()].filter(
      (arrow) => arrow.to === to && this.actors.presents(arrow.from, email),
    );
    for (const arrow of known) this.join(arrow.from, to, [grant.address]);
    if (known.length > 0) return true;
    const queues = grants.filter((enqueue) => enqueue.on.kind === "queue" && mayActAs(grants, enqueue.member, email));
    const names = new Set(queues.map(({ on }) => on.name));
    for (const name of names) {
      const queue = this.boxNamed("queue", name);
      if (queue) this.call(queue.key, to, `POST${this.as(email)}`, [grant.address]);
    }
    return names.size > 0;
  }

  /** Impersonation. Acting as an account through a service shows in what that service does. */
  private grantOnAccount(grant: Grant): void {
    const email = emailIn(grant.on.name);
    if (!email || grant.role === "roles/iam.serviceAccountUser") return;
    for (const from of this.callers(grant)) {
      for (const to of this.callersAs(email)) this.call(from, to, roleName(grant.role), [grant.address]);
    }
  }

  private grantOnProject(grant: Grant): void {
    const { role } = grant;
    if (isQuiet(role)) return;
    const may = (permission: string) => allows(role, permission, this.stack.resources);
    if (may("dataflow.jobs.create")) return;
    for (const caller of this.callers(grant)) {
      const settings = JSON.stringify(this.settingsOf(caller));
      if (may("aiplatform.endpoints.predict")) {
        const [, endpoint] = /\/endpoints\/(\d+)/.exec(settings) ?? [];
        const key = `endpoint ${endpoint ?? ""}`;
        this.add({
          key,
          kind: "vertex",
          label: ["Vertex AI", ...(endpoint ? [`endpoint ${endpoint}`] : [])],
          addresses: [],
        });
        this.call(caller, key, ":predict", [grant.address]);
      } else if (may("workflows.executions.create")) {
        const workflows = this.of("google_workflows_workflow");
        const named = workflows.filter(({ attributes }) => settings.includes(`/workflows/${attributes.name}"`));
        for (const { address } of named.length > 0 ? named : workflows)
          this.call(caller, address, "executes", [grant.address]);
      } else {
        this.add({ key: "project", kind: "project", label: ["the whole project"], addresses: [] });
        this.call(caller, "project", roleName(role), [grant.address]);
      }
    }
  }

  /** The boxes that act as the grant's member; a member that nothing here acts as is a client. */
  private callers({ member }: Grant): readonly string[] {
    const email = emailIn(member);
    if (email) return this.callersAs(email);
    const key = `member ${member}`;
    this.add({ key, kind: "client", label: [member.replace(/^\w+:/, "")], addresses: [] });
    return [key];
  }

  private callersAs(email: string): readonly string[] {
    const known = this.actors.as(email);
    if (known.length > 0) return known;
    const account = this.account(email);
    const key = account?.address ?? `account ${email}`;
    this.add({ key, kind: "client", label: [this.identity(email)], addresses: account ? [account.address] : [] });
    return [key];
  }

  /** A dead-letter topic is named so by a subscription or by a function's variable; its bare subscription keeps. */
  private markDeadLetters(): void {
    const named = new Set([
      ...this.of("google_pubsub_subscription").map(
        ({ attributes }) => one(attributes.dead_letter_policy).dead_letter_topic,
      ),
      ...this.of("google_cloudfunctions2_function").flatMap(({ attributes }) =>
        Object.entries(one(attributes.service_config).environment_variables ?? {})
          .filter(([variable]) => variable.includes("DEAD_LETTER"))
          .map(([, value]) => value),
      ),
    ]);
    for (const topic of this.of("google_pubsub_topic").filter(({ attributes }) => named.has(attributes.id))) {
      const kept = this.of("google_pubsub_subscription").filter(
        ({ attributes: { topic: source, push_config: push, dead_letter_policy: policy } }) =>
          this.topic(source) === topic && !push && !policy,
      );
      for (const { address } of kept) this.boxes.delete(address);
      const [seconds] = kept.map(({ attributes }) => Number.parseInt(attributes.message_retention_duration, 10)).sort();
      const days = seconds ? [`kept ${Math.round(seconds / 86_400)} days`] : kept.length > 0 ? ["kept"] : ["not kept"];
      this.boxes.set(topic.address, {
        key: topic.address,
        kind: "dead-letter",
        label: [...this.labelOf(topic, "topic"), ...days],
        addresses: [topic, ...kept].map(({ address }) => address),
      });
    }
  }

  private labelOf(resource: StackResource, kind: Kind): string[] {
    const name = boxName(this.stack, resource, kind);
    const { schedule, paused, filter, disabled } = resource.attributes;
    if (kind === "schedule") return [name, ...(schedule ? [schedule] : []), ...(paused ? ["paused"] : [])];
    if (kind === "subscription" && filter) return [name, filter.replace(/attributes\.|"/g, "")];
    if (kind === "job") return [`Dataflow ${name}`, "once, by terraform apply"];
    return disabled ? [name, "disabled"] : [name];
  }

  private as(email: string | undefined): string {
    return email ? ` as ${this.identity(email)}` : "";
  }

  private identity(email: string): string {
    const account = this.account(email);
    return account ? identityName(this.stack, account) : (email.split("@")[0] as string);
  }

  private account(email: string): StackResource | undefined {
    return this.find("google_service_account", (attributes) => attributes.email === email);
  }

  private settingsOf(key: string): unknown {
    const attributes = this.stack.resources.find(({ address }) => address === key)?.attributes;
    return [one(attributes?.service_config).environment_variables, attributes?.user_env_vars];
  }

  private topic(id: unknown): StackResource | undefined {
    return this.find(
      "google_pubsub_topic",
      (attributes) => id !== undefined && [attributes.id, attributes.name].includes(id),
    );
  }

  private functionAt(url: unknown): StackResource | undefined {
    if (typeof url !== "string") return undefined;
    return this.find("google_cloudfunctions2_function", (attributes) => {
      const urls = [one(attributes.service_config).uri, attributes.url].filter((own) => typeof own === "string");
      return urls.some((own) => url === own || url.startsWith(`${own}/`) || url.startsWith(`${own}?`));
    });
  }

  private boxNamed(kind: string, name: string): Box | undefined {
    const types = Object.entries(KINDS).filter(([, of]) => of === kind);
    const found = types.map(([type]) => this.find(type, (attributes) => attributes.name === bareName(name)));
    const address = found.find((resource) => resource)?.address;
    return address === undefined ? undefined : this.boxes.get(address);
  }

  private find(type: string, test: (attributes: StackResource["attributes"]) => boolean): StackResource | undefined {
    return this.of(type).find(({ attributes }) => test(attributes));
  }

  private of(type: string): StackResource[] {
    return this.stack.resources.filter((resource) => resource.type === type);
  }

  private add(box: Box): void {
    if (!this.boxes.has(box.key)) this.boxes.set(box.key, box);
  }

  private call(from: string, to: string, label: string, addresses: readonly string[] = []): void {
    this.connect({ from, to, labels: [label], delivered: false, addresses });
  }

  private deliver(from: string, to: string, label: string, addresses: readonly string[] = []): void {
    this.connect({ from, to, labels: label ? [label] : [], delivered: true, addresses });
  }

  /** Says that these grants belong to an arrow that is there. */
  private join(from: string, to: string, addresses: readonly string[]): void {
    const arrow = [...this.arrows.values()].find((known) => known.from === from && known.to === to);
    if (arrow) this.connect({ ...arrow, labels: [], addresses });
  }

  private connect(arrow: Arrow): void {
    const key = arrowKey(arrow);
    const known = this.arrows.get(key);
    this.arrows.set(key, {
      ...arrow,
      labels: [...new Set([...(known?.labels ?? []), ...arrow.labels])].sort(),
      addresses: [...new Set([...(known?.addresses ?? []), ...arrow.addresses])],
    });
  }

  private connected(): Wiring {
    const arrows = [...this.arrows.values()].filter(({ from, to }) => this.boxes.has(from) && this.boxes.has(to));
    const used = new Set(arrows.flatMap(({ from, to }) => [from, to]));
    const rank = ({ kind }: Box) => (ORDER.includes(kind) ? 0 : 1);
    const boxes = [...this.boxes.values()].filter(({ key }) => used.has(key)).sort((a, b) => rank(a) - rank(b));
    return { boxes, arrows };
  }
}
