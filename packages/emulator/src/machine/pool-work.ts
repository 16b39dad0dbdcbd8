import { type Stack, StackIndex } from "@cdktf-serverless-ml/terraform-json";
import { allows, type Binding } from "../iam";
import { missingCommand } from "../run/local-programs";
import type { WorkerPoolSettings, WorkerPools } from "../run/worker-pools";

export interface PoolWorkOptions {
  readonly stack: Stack;
  readonly pools: WorkerPools;
  readonly bindings: readonly Binding[];
  /** How many messages a subscription holds, by its full name. */
  readonly held: (subscription: string) => number;
}

/** What worker pools have to do in a run: the messages of the subscriptions that they may pull. */
export class PoolWork {
  constructor(private readonly options: PoolWorkOptions) {}

  /** Messages that a pool will pull, or has pulled. */
  pending(): number {
    return this.heldBy(this.options.pools.working());
  }

  /** Why messages stay where they are: the pool that would pull them cannot run here. */
  skipped(): string[] {
    return this.options.pools
      .notRunning()
      .filter((pool) => this.heldBy([pool]) > 0)
      .map(({ name, address, container }) => missingCommand({ name, address, image: container.image }));
  }

  private heldBy(pools: readonly WorkerPoolSettings[]): number {
    if (pools.length === 0) return 0;
    const names = this.subscriptions().filter((name) => pools.some(({ identity }) => this.mayPull(identity, name)));
    return names.reduce((sum, name) => sum + this.options.held(name), 0);
  }

  private mayPull(email: string, resource: string): boolean {
    const { bindings, stack } = this.options;
    const access = { email, permission: "pubsub.subscriptions.consume", resource };
    return bindings.some((binding) => allows(binding, access, stack.defaults.project));
  }

  /** Full names of those that do not push. */
  private subscriptions(): string[] {
    const { stack } = this.options;
    return StackIndex.of(stack)
      .all("google_pubsub_subscription")
      .filter(({ attributes }) => !attributes.push_config)
      .map(({ attributes: { project = stack.defaults.project, name } }) => `projects/${project}/subscriptions/${name}`);
  }
}
