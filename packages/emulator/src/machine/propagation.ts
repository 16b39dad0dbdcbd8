import type { Stack } from "@cdktf-serverless-ml/terraform-json";
import type { Clock } from "../core/clock";
import type { Access, Binding, BindingAuthorizerOptions } from "../iam";

/** When the bindings of a run take effect: at once, until `begin` says otherwise. */
export class Propagation implements Pick<BindingAuthorizerOptions, "inEffect" | "onEarly"> {
  /** Calls that a binding allows which had not taken effect yet, as they come. */
  readonly early: Access[] = [];
  /** When all have taken effect; minus infinity where they all did from the beginning. */
  at = Number.NEGATIVE_INFINITY;
  private asked: ReadonlySet<string> = new Set();
  private readonly late: (binding: Binding) => boolean;

  /** @param mayBeLate which of the bindings that may come late do */
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
   * @param asked addresses of bindings that Google asked for meanwhile, as a notification needs its publisher: in effect, then
   */
  begin(milliseconds: number, asked: ReadonlySet<string>): void {
    this.asked = new Set(asked);
    if (milliseconds > 0) this.at = this.clock.now() + milliseconds;
  }
}

/**
 * Which bindings may come late: the stack's own, but for those that it waits for itself, with a pause (`time_sleep`) after
 * them, and those that let its client begin.
 */
function lateBindings({ resources, outputs }: Stack): (binding: Binding) => boolean {
  const own = new Set(resources.map(({ address }) => address));
  const pauses = resources.filter(({ type }) => type === "time_sleep");
  const waitedFor = new Set(pauses.flatMap(({ dependsOn }) => dependsOn));
  return ({ address, member }) => own.has(address) && !waitedFor.has(address) && member !== outputs.client;
}
