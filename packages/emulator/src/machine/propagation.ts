import type { Stack } from "@cdktf-serverless-ml/terraform-json";
import type { Clock } from "../core/clock";
import type { Access, Binding, BindingAuthorizerOptions } from "../iam";

/** When the bindings of a run take effect: at once, until `begin` says otherwise. */
export class Propagation implements Pick<BindingAuthorizerOptions, "inEffect" | "onEarly"> {
  /** Calls that only a binding allows that has not taken effect yet, as they come. */
  readonly early: Access[] = [];
  /** When all have taken effect. Minus infinity if all did from the beginning. */
  at = Number.NEGATIVE_INFINITY;
  private asked: ReadonlySet<string> = new Set();
  private readonly late: (binding: Binding) => boolean;

  /** @param mayBeLate which of the bindings that can be late are late */
  constructor(
    stack: Stack,
    private readonly clock: Clock,
    mayBeLate: (binding: Binding) => boolean = () => true,
  ) {
    const may = lateBindings(stack);
    this.late = (binding) => may(binding) && mayBeLate(binding);
  }

  readonly inEffect = (binding: Binding): boolean =>
    this.clock.now() >= this.at || this.asked.has(binding.address) || !this.late(binding);

  readonly onEarly = (access: Access): void => {
    this.early.push(access);
  };

  /**
   * Begins once the stack is deployed.
   *
   * @param asked addresses of bindings that the deployment needed, such as that of a notification's
   *   publisher. They are in effect at once
   */
  begin(milliseconds: number, asked: ReadonlySet<string>): void {
    this.asked = new Set(asked);
    if (milliseconds > 0) this.at = this.clock.now() + milliseconds;
  }
}

/**
 * Which bindings can be late: those of the stack, except bindings that the stack waits for with a
 * `time_sleep`, and bindings of its client.
 */
function lateBindings({ resources, outputs }: Stack): (binding: Binding) => boolean {
  const own = new Set(resources.map(({ address }) => address));
  const pauses = resources.filter(({ type }) => type === "time_sleep");
  const waitedFor = new Set(pauses.flatMap(({ dependsOn }) => dependsOn));
  return ({ address, member }) => own.has(address) && !waitedFor.has(address) && member !== outputs.client;
}
