import {
  emailOf,
  type Grant,
  isServiceAgent,
  mayActAs,
  RESOURCE_TYPES,
  StackIndex,
  type StackResource,
} from "@cdktf-serverless-ml/terraform-json";
import { Arrows } from "./arrows";
import { LAUNCHES, type Launch } from "./launches";
import type { Box, Kind, Wired, Wiring } from "./model";
import { bareName, boxName, containerLines, identityName } from "./names";
import { holds, isQuiet, roleName, verbs } from "./roles";

/**
 * What calls what in a stack, and with which identity, from targets, subscriptions, notifications
 * and grants. Left out are boxes without arrows, builds, logs and Google's service agents.
 */
export function wiring(stack: Wired): Wiring {
  return new Reader(stack).read();
}

/** These boxes come first: Mermaid places boxes in their order. */
const ORDER: readonly Kind[] = ["client", "schedule"];

const QUEUE = "google_cloud_tasks_queue";
const SUBSCRIPTION = "google_pubsub_subscription";

/** What a token is presented to. */
const CALLED: ReadonlySet<Kind> = new Set(["function", "service"]);

class Reader {
  private readonly boxes = new Map<string, Box>();
  private readonly arrows = new Arrows();
  private readonly index: StackIndex;
  /** Keys of the boxes of dead letters, by the addresses of the subscriptions that keep them. */
  private readonly kept = new Map<string, string>();
  /** Keys of the boxes of launched jobs, by the service accounts that they run as. */
  private readonly launched = new Map<string, readonly string[]>();

  constructor(private readonly stack: Wired) {
    this.index = StackIndex.of(stack);
  }

  read(): Wiring {
    for (const resource of this.stack.resources) {
      const kind = RESOURCE_TYPES.get(resource.type)?.kind;
      if (kind)
        this.add({ key: resource.address, kind, label: this.labelOf(resource, kind), addresses: [resource.address] });
    }
    this.markDeadLetters();
    for (const { from, to, what, as, delivered, addresses } of this.index.links()) {
      if (delivered) this.arrows.deliver(from, to, what, addresses);
      else this.arrows.call(from, to, `${what}${this.as(as)}`, addresses);
    }
    // Launched jobs come first: other grants can begin at their boxes.
    const grants = this.index.grants();
    for (const launch of LAUNCHES) {
      for (const grant of grants) if (this.allows(grant, launch.permission)) this.launches(launch, grant, grants);
    }
    for (const grant of grants) this.grant(grant, grants);
    return this.connected();
  }

  /** A grant that allows to launch jobs, which run as accounts that the launcher may act as. */
  private launches(launch: Launch, grant: Grant, grants: readonly Grant[]): void {
    for (const launcher of this.callers(grant)) {
      const used = this.accountsFor(launch, launcher, grants).filter((email) => mayActAs(grants, grant.member, email));
      for (const account of used.length > 0 ? used : [undefined]) {
        const key = `${launch.label} as ${account}`;
        this.add({ key, kind: "job", label: [launch.label, "one for each launch"], addresses: [] });
        if (account) this.launched.set(account, [...new Set([...(this.launched.get(account) ?? []), key])]);
        this.arrows.call(launcher, key, `launches${this.as(account)}`, [grant.address]);
      }
    }
  }

  private accountsFor({ runsWith }: Launch, launcher: string, grants: readonly Grant[]): readonly string[] {
    if (runsWith) return grants.filter(({ role }) => role === runsWith).flatMap(({ member }) => emailOf(member) ?? []);
    // The job is text in a variable; other variables name accounts that do something else.
    const settings = JSON.stringify(this.settingsOf(launcher));
    return [...settings.matchAll(/serviceAccount\W+([^"\\]+@[^"\\]+)/g)].map(([, email = ""]) => email);
  }

  private grant(grant: Grant, grants: readonly Grant[]): void {
    const email = emailOf(grant.member);
    if (isServiceAgent(grant.member) || (email && this.index.onlyBuilds(email))) return;
    const { type, name } = grant.on;
    if (type === "google_project") this.grantOnProject(grant);
    if (type === "google_service_account") this.grantOnAccount(grant);
    const target = this.boxOf(type, name);
    if (!target) return;
    if (CALLED.has(target.kind) && email && this.presented(email, target.key, grant, grants)) return;
    const pulls = type === SUBSCRIPTION;
    const runs = target.kind === "job" && this.allows(grant, "run.jobs.run");
    const label = runs ? "runs" : verbs(grant.role, pulls ? "subscription" : target.kind);
    for (const caller of this.callers(grant)) {
      // An arrow goes the way of the messages: from the subscription to its consumer.
      if (pulls) this.arrows.call(target.key, caller, label, [grant.address]);
      else if (this.boxes.get(caller)?.kind === "schedule") this.arrows.join(caller, target.key, [grant.address]);
      else this.arrows.call(caller, target.key, label, [grant.address]);
    }
  }

  /**
   * Whether a queue or a subscription presents the token of a grant to call a worker. In a queue
   * without a target, each task carries URL and token: then it can be every account that its
   * enqueuers may act as.
   */
  private presented(email: string, to: string, grant: Grant, grants: readonly Grant[]): boolean {
    const known = this.arrows.all().filter((arrow) => arrow.to === to && this.index.presentedBy(arrow.from) === email);
    for (const arrow of known) this.arrows.join(arrow.from, to, [grant.address]);
    if (known.length > 0) return true;
    const queues = grants.filter((enqueue) => enqueue.on.type === QUEUE && mayActAs(grants, enqueue.member, email));
    const names = new Set(queues.map(({ on }) => on.name));
    for (const name of names) {
      const queue = this.boxOf(QUEUE, name);
      if (queue) this.arrows.call(queue.key, to, `POST${this.as(email)}`, [grant.address]);
    }
    return names.size > 0;
  }

  /**
   * Impersonation. `roles/iam.serviceAccountUser` is left out: the arrows of the attached resources
   * show it.
   */
  private grantOnAccount(grant: Grant): void {
    const email = emailOf(grant.on.name);
    if (!email || grant.role === "roles/iam.serviceAccountUser") return;
    for (const from of this.callers(grant)) {
      for (const to of this.callersAs(email)) this.arrows.call(from, to, roleName(grant.role), [grant.address]);
    }
  }

  private grantOnProject(grant: Grant): void {
    const { role } = grant;
    if (isQuiet(role)) return;
    const may = (permission: string) => this.allows(grant, permission);
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
        this.arrows.call(caller, key, ":predict", [grant.address]);
      } else if (may("workflows.executions.create")) {
        const workflows = this.index.all("google_workflows_workflow");
        const named = workflows.filter(({ attributes }) => settings.includes(`/workflows/${attributes.name}"`));
        for (const { address } of named.length > 0 ? named : workflows)
          this.arrows.call(caller, address, "executes", [grant.address]);
      } else if (!LAUNCHES.some(({ permission }) => may(permission))) {
        this.add({ key: "project", kind: "project", label: ["the whole project"], addresses: [] });
        this.arrows.call(caller, "project", roleName(role), [grant.address]);
      }
    }
  }

  /** The boxes that run as the grant's member. A member that nothing runs as is a client. */
  private callers({ member }: Grant): readonly string[] {
    const email = emailOf(member);
    if (email) return this.callersAs(email);
    const key = `member ${member}`;
    this.add({ key, kind: "client", label: [member.replace(/^\w+:/, "")], addresses: [] });
    return [key];
  }

  private callersAs(email: string): readonly string[] {
    const known = [...this.index.runningAs(email), ...(this.launched.get(email) ?? [])];
    if (known.length > 0) return known;
    const account = this.index.serviceAccount(email);
    const key = account?.address ?? `account ${email}`;
    this.add({ key, kind: "client", label: [this.identity(email)], addresses: account ? [account.address] : [] });
    return [key];
  }

  /**
   * A dead-letter topic is a box of its own kind, which also stands for the subscription that only
   * keeps its messages.
   */
  private markDeadLetters(): void {
    const named = this.index.deadLetterTopics();
    for (const topic of this.index.all("google_pubsub_topic").filter(({ attributes }) => named.has(attributes.id))) {
      const kept = this.index
        .all(SUBSCRIPTION)
        .filter(
          ({ attributes: { topic: source, push_config: push, dead_letter_policy: policy } }) =>
            this.index.topic(source) === topic && !push && !policy,
        );
      for (const { address } of kept) {
        this.boxes.delete(address);
        this.kept.set(address, topic.address);
      }
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
    if (resource.type === "google_dataflow_job") return [`Dataflow ${name}`, "once, by terraform apply"];
    const containers = containerLines(resource, kind);
    if (containers) return [name, ...containers];
    return disabled ? [name, "disabled"] : [name];
  }

  private as(email: string | undefined): string {
    return email ? ` as ${this.identity(email)}` : "";
  }

  private identity(email: string): string {
    const account = this.index.serviceAccount(email);
    return account ? identityName(this.stack, account) : (email.split("@")[0] as string);
  }

  private settingsOf(key: string): unknown {
    const worker = this.index.workers().find(({ resource }) => resource.address === key);
    return [worker?.environment, this.index.at(key)?.attributes.user_env_vars];
  }

  private allows({ role }: Grant, permission: string): boolean {
    return holds(role, permission) || (this.index.customRoles().get(role)?.includes(permission) ?? false);
  }

  /** The box of a resource that a grant is on. */
  private boxOf(type: string, name: string): Box | undefined {
    const resource = this.index.first(type, (attributes) => attributes.name === bareName(name));
    return resource && this.boxes.get(this.kept.get(resource.address) ?? resource.address);
  }

  private add(box: Box): void {
    if (!this.boxes.has(box.key)) this.boxes.set(box.key, box);
  }

  private connected(): Wiring {
    const arrows = this.arrows.all().filter(({ from, to }) => this.boxes.has(from) && this.boxes.has(to));
    const used = new Set(arrows.flatMap(({ from, to }) => [from, to]));
    const rank = ({ kind }: Box) => (ORDER.includes(kind) ? 0 : 1);
    const boxes = [...this.boxes.values()].filter(({ key }) => used.has(key)).sort((a, b) => rank(a) - rank(b));
    return { boxes, arrows };
  }
}
