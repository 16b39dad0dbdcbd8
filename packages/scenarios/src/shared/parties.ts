import { block } from "@cdktf-serverless-ml/emulator";
import type { StackResource } from "@cdktf-serverless-ml/terraform-json";

/** Who is who in a stack, as far as faults must know it. */
export class Parties {
  /** Host of each function's URL -> its name. */
  private readonly byHost = new Map<string, string>();
  /** E-mail of a service account -> names of the functions that run as it. */
  private readonly byEmail = new Map<string, string[]>();
  /** E-mails of the service accounts that workflows run as. */
  private readonly workflows = new Set<string>();
  /** Full names of the subscriptions with a dead letter policy -> deliveries after which a message is forwarded. */
  private readonly attempts = new Map<string, number>();
  /** Full names of the topics that functions and subscriptions hand to what cannot be worked on. */
  readonly deadLetterTopics = new Set<string>();
  /** Name of each function that counts the attempts of tasks -> after how many it hands one over. */
  private readonly budgets = new Map<string, number>();
  /** The most attempts after which any function or subscription gives an item up. */
  mostAttempts = 0;

  constructor(resources: readonly StackResource[], project: string) {
    for (const { type, attributes } of resources) {
      if (type === "google_cloudfunctions2_function") this.addFunction(attributes);
      if (type === "google_pubsub_subscription") this.addSubscription(attributes, project);
      if (type === "google_workflows_workflow") this.workflows.add(emailOf(attributes.service_account));
    }
  }

  /** Name of the function that a URL leads to. */
  functionAt(url: string): string | undefined {
    return this.byHost.get(new URL(url).host);
  }

  /** Names of the functions that a service account calls as. */
  functionsOf(email: string | undefined): readonly string[] {
    return this.byEmail.get(email ?? "") ?? [];
  }

  /** Whether a function or a workflow of the stack calls as a service account. */
  isWorker(email: string | undefined): boolean {
    return email !== undefined && (this.byEmail.has(email) || this.workflows.has(email));
  }

  /** Whether a message is forwarded to a dead letter if this delivery of it fails. */
  isLastDelivery(subscription: string, attempt: number | undefined): boolean {
    return (attempt ?? 0) >= (this.attempts.get(subscription) ?? Number.POSITIVE_INFINITY);
  }

  /** Whether a subscription forwards what keeps failing to a dead letter. */
  forwards(subscription: string): boolean {
    return this.attempts.has(subscription);
  }

  /** Attempts after which a function hands a task over; 0 for one that does not count them. */
  budgetOf(name: string): number {
    return this.budgets.get(name) ?? 0;
  }

  private addFunction({ name, service_config }: StackResource["attributes"]): void {
    const service = block({ service_config }, "service_config") ?? {};
    this.byHost.set(new URL(service.uri).host, name);
    const email = emailOf(service.service_account_email);
    this.byEmail.set(email, [...(this.byEmail.get(email) ?? []), name]);
    const { DEAD_LETTER_TOPIC, MAX_ATTEMPTS } = service.environment_variables ?? {};
    this.addTopic(DEAD_LETTER_TOPIC);
    const budget = Number(MAX_ATTEMPTS) || 0;
    if (DEAD_LETTER_TOPIC) this.budgets.set(name, budget);
    this.mostAttempts = Math.max(this.mostAttempts, budget);
  }

  private addSubscription(attributes: StackResource["attributes"], project: string): void {
    const policy = block(attributes, "dead_letter_policy");
    if (!policy) return;
    const name = `projects/${attributes.project ?? project}/subscriptions/${attributes.name}`;
    const attempts = Number(policy.max_delivery_attempts ?? DEFAULT_ATTEMPTS);
    this.attempts.set(name, attempts);
    this.mostAttempts = Math.max(this.mostAttempts, attempts);
    this.addTopic(policy.dead_letter_topic);
  }

  private addTopic(topic: unknown): void {
    if (typeof topic === "string" && topic !== "") this.deadLetterTopics.add(topic);
  }
}

/** Source: `DeadLetterPolicy.max_delivery_attempts` in google/pubsub/v1/pubsub.proto. */
const DEFAULT_ATTEMPTS = 5;

/** Also of a service account's full name. */
function emailOf(account: unknown): string {
  return String(account ?? "").replace(/^projects\/[^/]+\/serviceAccounts\//, "");
}
