import { PermanentError } from "../shared/errors";
import type { Row } from "../shared/learning/data";

export interface Table {
  features: string[];
  rows: Row[];
}

/** Limits that 512 MiB of memory hold at each stage of the work, with a margin. */
export const MAX_ROWS = 500_000;
/** Larger absolute values would overflow when they are squared and summed. */
export const MAX_FEATURE = 1e100;
/** Most bad rows that an error lists. */
const MAX_LISTED = 20;

/** Counts all issues, keeps the first ones. */
export class Problems {
  private count = 0;
  private readonly listed: string[] = [];

  /** @param where what has them, such as "the CSV" */
  constructor(private readonly where: string) {}

  add(problem: string): void {
    if (this.count++ < MAX_LISTED) this.listed.push(problem);
  }

  /** @throws PermanentError `invalid_rows` */
  throwIfAny(): void {
    if (this.count === 0) return;
    throw new PermanentError(
      "invalid_rows",
      `${this.count} ${this.count === 1 ? "problem" : "problems"} in ${this.where}: ${this.listed.join("; ")}`,
    );
  }
}
