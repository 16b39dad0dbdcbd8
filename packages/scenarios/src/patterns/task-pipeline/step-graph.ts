import type { StackWorker } from "@cdktf-serverless-ml/terraform-json";

/** Which steps depend on which, from the environment of the function that starts runs. */
export class StepGraph {
  private readonly after: ReadonlyMap<string, readonly string[]>;

  constructor(workers: readonly Pick<StackWorker, "environment">[]) {
    const texts = workers.flatMap(({ environment }) => environment.STEPS ?? []);
    const steps: { name: string; after: string[] }[] = texts.flatMap((text) => JSON.parse(text));
    this.after = new Map(steps.map(({ name, after }) => [name, after]));
  }

  /** Steps that come after one, directly or not. */
  dependentsOf(step: string): string[] {
    const found = new Set<string>();
    const visit = (before: string) => {
      for (const [name, after] of this.after) {
        if (found.has(name) || !after.includes(before)) continue;
        found.add(name);
        visit(name);
      }
    };
    visit(step);
    return [...found];
  }
}
