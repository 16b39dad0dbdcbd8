import { RESOURCE_TYPES } from "./google";
import { DEFAULT_DELIVERY_ATTEMPTS } from "./google/pubsub";
import type { Attributes, Link, Lookup } from "./google/resource-type";
import { customRoles, type Grant, granting, grantsOf } from "./grants";
import { block } from "./json";
import type { Stack, StackResource } from "./model";
import { emailOf, isServiceAgent } from "./service-accounts";
import { leadsTo, type StackWorker, WORKERS } from "./stack-worker";

const SUBSCRIPTION = "google_pubsub_subscription";
const TOPIC = "google_pubsub_topic";
const WORKFLOW = "google_workflows_workflow";

/** What an index is made of. */
export type Indexed = Pick<Stack, "resources" | "defaults">;

/**
 * What is where in a stack, and who is who: workers by URL and by service account, dead letters,
 * grants. Each answer is derived once, when it is first asked for.
 */
export class StackIndex implements Lookup {
  private static readonly known = new WeakMap<Indexed["resources"], StackIndex>();

  /** The one index of a stack. */
  static of(stack: Indexed): StackIndex {
    const index = StackIndex.known.get(stack.resources) ?? new StackIndex(stack);
    StackIndex.known.set(stack.resources, index);
    return index;
  }

  private constructor(private readonly stack: Indexed) {}

  /** All resources of a type, in the order of the stack. */
  all(type: string): readonly StackResource[] {
    return this.byType().get(type) ?? [];
  }

  first(type: string, test: (attributes: Attributes) => boolean): StackResource | undefined {
    return this.all(type).find(({ attributes }) => test(attributes));
  }

  /** The resource at an address. */
  at(address: string): StackResource | undefined {
    return this.byAddress().get(address);
  }

  topic(name: unknown): StackResource | undefined {
    return name === undefined ? undefined : this.first(TOPIC, (a) => a.id === name || a.name === name);
  }

  serviceAccount(email: string): StackResource | undefined {
    return this.first("google_service_account", (attributes) => attributes.email === email);
  }

  /** Functions, container services and worker pools, in this order. */
  readonly workers = once((): readonly StackWorker[] =>
    Object.entries(WORKERS).flatMap(([type, read]) =>
      this.all(type).map((resource) => read(resource, this.stack.defaults)),
    ),
  );

  /** The worker that a URL leads to, by any of the worker's URLs. */
  workerAt(url: unknown): StackWorker | undefined {
    return this.workers().find((each) => leadsTo(url, each));
  }

  /** The first worker that has all of these environment variables. */
  workerWith(...variables: readonly string[]): StackWorker | undefined {
    return this.workers().find(({ environment }) => variables.every((name) => environment[name] !== undefined));
  }

  /** The workers that run as a service account. */
  workersOf(email: string | undefined): readonly StackWorker[] {
    return email === undefined ? [] : this.workers().filter((each) => each.email === email);
  }

  /** Addresses of the resources that run as a service account. */
  runningAs(email: string): readonly string[] {
    return this.runners().get(email) ?? [];
  }

  /** Whether a worker or a workflow of the stack runs as a service account. */
  isWorker(email: string | undefined): boolean {
    const found = email === undefined ? [] : this.runningAs(email);
    return found.some((address) => [...Object.keys(WORKERS), WORKFLOW].includes(this.at(address)?.type ?? ""));
  }

  /** The service account whose token a resource presents to what it calls. */
  presentedBy(address: string): string | undefined {
    const resource = this.at(address);
    return resource && emailOf(RESOURCE_TYPES.get(resource.type)?.presents?.(resource.attributes));
  }

  /** Whether a service account builds functions, and nothing runs as it. */
  onlyBuilds(email: string): boolean {
    return this.builders().has(email) && this.runningAs(email).length === 0;
  }

  /** Calls and deliveries that follow from resources' own settings, without grants. */
  readonly links = once((): readonly Link[] =>
    [...RESOURCE_TYPES].flatMap(([type, { links }]) =>
      links ? this.all(type).flatMap((resource) => links(resource, this)) : [],
    ),
  );

  /** Each on the type of the resource that has the name, if there is one. */
  readonly grants = once((): readonly Grant[] =>
    this.stack.resources.flatMap((resource) => {
      const types = granting(resource.type)?.on ?? [];
      return grantsOf(resource, this.stack.defaults.project).map((grant) => {
        const type = types.find((each) => this.first(each, ({ name }) => name === lastSegment(grant.on.name)));
        return type === undefined ? grant : { ...grant, on: { ...grant.on, type } };
      });
    }),
  );

  /**
   * Service accounts and users, as members, with a role on a resource; without Google's own
   * accounts.
   *
   * @param name of the resource, or its full name
   */
  membersWith(role: RegExp, type: string, name: unknown): readonly string[] {
    return this.grants()
      .filter(({ on }) => on.type === type && lastSegment(on.name) === lastSegment(name))
      .filter(({ role: granted }) => role.test(granted))
      .map(({ member }) => member)
      .filter((member) => /^(serviceAccount|user):/.test(member) && !isServiceAgent(member));
  }

  /** Permissions of the stack's custom roles, by the roles' full names. */
  readonly customRoles = once(() => customRoles(this.stack.resources, this.stack.defaults.project));

  /** Full names of the topics that workers and subscriptions hand to what cannot be worked on. */
  readonly deadLetterTopics = once((): ReadonlySet<string> => {
    const variables = this.workers().flatMap(({ environment }) =>
      Object.entries(environment).flatMap(([name, value]) => (name.includes("DEAD_LETTER") ? [value] : [])),
    );
    const policies = [...this.policies().values()].map(({ topic }) => topic);
    return new Set([...variables, ...policies].filter((topic) => typeof topic === "string" && topic !== ""));
  });

  /**
   * Whether a subscription, by its full name, forwards what keeps failing to a dead-letter topic.
   */
  forwards(subscription: string): boolean {
    return this.policies().has(subscription);
  }

  /** Whether Pub/Sub forwards a message to the dead-letter topic if this delivery of it fails. */
  isLastDelivery(subscription: string, attempt: number | undefined): boolean {
    return (attempt ?? 0) >= (this.policies().get(subscription)?.attempts ?? Number.POSITIVE_INFINITY);
  }

  /** Attempts after which a worker hands a task over; 0 for one that does not count them. */
  attemptsOf({ environment }: StackWorker): number {
    return environment.DEAD_LETTER_TOPIC ? Number(environment.MAX_ATTEMPTS) || 0 : 0;
  }

  /** The most attempts after which any worker or subscription gives an item up. */
  readonly mostAttempts = once(() =>
    Math.max(
      0,
      ...this.workers().map(({ environment }) => Number(environment.MAX_ATTEMPTS) || 0),
      ...[...this.policies().values()].map(({ attempts }) => attempts),
    ),
  );

  private readonly byType = once(() => grouped(this.stack.resources, ({ type }) => type));
  private readonly byAddress = once(() => new Map(this.stack.resources.map((each) => [each.address, each])));

  private readonly runners = once(() => {
    const byEmail = new Map<string, string[]>();
    for (const { address, type, attributes } of this.stack.resources) {
      const email = emailOf(RESOURCE_TYPES.get(type)?.runsAs?.(attributes));
      if (email !== undefined) byEmail.set(email, [...(byEmail.get(email) ?? []), address]);
    }
    return byEmail;
  });

  private readonly builders = once(
    () =>
      new Set(
        this.stack.resources.map(({ type, attributes }) => emailOf(RESOURCE_TYPES.get(type)?.builtBy?.(attributes))),
      ) as ReadonlySet<string | undefined>,
  );

  /** Dead-letter policies by the full names of their subscriptions. */
  private readonly policies = once(() => {
    const found = new Map<string, { readonly attempts: number; readonly topic: unknown }>();
    for (const { attributes } of this.all(SUBSCRIPTION)) {
      const policy = block(attributes, "dead_letter_policy");
      if (!policy) continue;
      const name = `projects/${attributes.project ?? this.stack.defaults.project}/subscriptions/${attributes.name}`;
      const attempts = Number(policy.max_delivery_attempts ?? DEFAULT_DELIVERY_ATTEMPTS);
      found.set(name, { attempts, topic: policy.dead_letter_topic });
    }
    return found;
  });
}

/** A value that is made when it is first asked for, and kept. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

function lastSegment(name: unknown): string {
  const text = String(name);
  return text.slice(text.lastIndexOf("/") + 1);
}
