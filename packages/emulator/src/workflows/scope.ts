import { raised } from "./errors";
import { isList, isMap, isNumber, type Value } from "./values";

/** Bytes of all variables of an execution. Source: cloud.google.com/workflows/quotas. */
const MAX_MEMORY = 512 * 1024;

/** Bytes of one text. Source: docs/reference/syntax/syntax-cheat-sheet, and quotas. */
const MAX_TEXT = 256 * 1024;

/** @throws RaisedError ResourceLimitError for a text that is too long */
export function withinTextLimit<T extends Value>(value: T): T {
  // No character has more than three bytes for one of UTF-16's units.
  if (typeof value !== "string" || value.length * 3 <= MAX_TEXT) return value;
  const bytes = Buffer.byteLength(value);
  if (bytes > MAX_TEXT) throw raised("ResourceLimitError", `text limit exceeded: ${bytes} bytes; allowed: ${MAX_TEXT}`);
  return value;
}

/** Bytes that a value counts for; roughly its JSON, as Google does not say how it counts. */
function sizeOf(value: Value): number {
  if (typeof value === "string") return Buffer.byteLength(withinTextLimit(value)) + 2;
  if (isNumber(value)) return Math.max(8, String(value).length);
  if (Buffer.isBuffer(value)) return value.length;
  let size = 2;
  if (isList(value)) for (const part of value) size += sizeOf(part) + 1;
  else if (isMap(value)) for (const [key, part] of value) size += Buffer.byteLength(key) + sizeOf(part) + 4;
  else size = 4;
  return size;
}

/** What the variables of one execution take up together. */
export class Memory {
  private used = 0;
  /** The most that there ever was. */
  peak = 0;

  /** @throws RaisedError ResourceLimitError */
  add(bytes: number): void {
    const used = this.used + bytes;
    if (used > MAX_MEMORY)
      throw raised("ResourceLimitError", `memory limit exceeded: ${used} bytes; allowed: ${MAX_MEMORY}`);
    this.used = used;
    this.peak = Math.max(this.peak, used);
  }
}

/**
 * Variables of a routine; inside of it those of a loop's turn, an except block or a branch, which
 * end with it.
 */
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
