import { raised } from "./errors";
import { sizeOf, type Value } from "./values";

/** Bytes of all variables of an execution. Source: cloud.google.com/workflows/quotas. */
const MAX_MEMORY = 512 * 1024;

/** What the variables of one execution take up together. */
export class Memory {
  private used = 0;

  /** @throws RaisedError ResourceLimitError */
  add(bytes: number): void {
    this.used += bytes;
    if (this.used > MAX_MEMORY) {
      this.used -= bytes;
      throw raised("ResourceLimitError", `memory limit exceeded: ${this.used + bytes} bytes; allowed: ${MAX_MEMORY}`);
    }
  }
}

/** Variables of a routine; inside of it those of a loop's turn, an except block or a branch, which end with it. */
export class Scope {
  private readonly variables = new Map<string, { value: Value; size: number }>();

  constructor(
    private readonly memory: Memory,
    private readonly outer?: Scope,
  ) {}

  inner(): Scope {
    return new Scope(this.memory, this);
  }

  /** @throws RaisedError KeyError */
  get(name: string): Value {
    const variable = this.owner(name)?.variables.get(name);
    if (!variable) throw raised("KeyError", `variable not found: ${name}`);
    return variable.value;
  }

  /** Where the name is known already there, otherwise here. */
  set(name: string, value: Value): void {
    (this.owner(name) ?? this).declare(name, value);
  }

  declare(name: string, value: Value): void {
    const size = sizeOf(value);
    this.memory.add(size - (this.variables.get(name)?.size ?? 0));
    this.variables.set(name, { value, size });
  }

  /** The variables exist no longer. */
  end(): void {
    for (const { size } of this.variables.values()) this.memory.add(-size);
    this.variables.clear();
  }

  private owner(name: string): Scope | undefined {
    return this.variables.has(name) ? this : this.outer?.owner(name);
  }
}
