import {
  type Client,
  type CreatedTask,
  type DeadLetter,
  ModuleError,
  type StoredObject,
  userModule,
} from "@cdktf-serverless-ml/emulator";

/**
 * How a stack is used that is none of the five architectures. A module for `--drive` exports one as
 * `driver` or as its default. With it the stack runs, with injected faults too, and its IAM
 * bindings are checked.
 */
export interface Driver {
  /**
   * Puts one work item in, as a client of the stack does.
   *
   * @param index counted from 0. The same index must put in the same item, so that a run can be
   *   repeated
   * @returns the item's key, as {@link Driver.effects} and {@link Driver.deadLetterKey} return it
   * @throws what a call throws. It ends the run
   */
  submit(index: number, stack: DrivenStack): Promise<string>;
  /**
   * Keys of the items that have their effect, each as often as the effect was made. Called at any
   * time.
   */
  effects(stack: DrivenStack): readonly string[];
  /**
   * Key of the item that a dead letter is about.
   * @default - the task's id, or the id of the message
   */
  deadLetterKey?(letter: DeadLetter, stack: DrivenStack): string;
}

/** What a driver can do with its stack, and see of it. */
export interface DrivenStack {
  /** Project id that the stack's provider names. */
  readonly project: string;
  /** The stack's Terraform outputs, evaluated. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /**
   * A client that calls Google's APIs and the stack's functions as a service account. Its IAM
   * bindings are enforced.
   */
  client(email: string): Client;
  /**
   * E-mail of a service account that has a permission on a resource (full name). Undefined if there
   * is none.
   */
  holderOf(permission: string, resource: string): string | undefined;
  /** Runs a Cloud Scheduler job now. @returns false if all its attempts failed */
  fire(schedule: string): Promise<boolean>;
  /** Objects written to a bucket so far, one for each write. */
  writtenTo(bucket: string): readonly StoredObject[];
  /** Tasks that the stack's queues accepted so far. */
  tasks(): readonly CreatedTask[];
}

/** Loads a driver. @throws ModuleError for a file that exports none */
export async function loadDriver(path: string): Promise<Driver> {
  const { driver, default: main } = await userModule(path);
  const inner = Object(main) as Record<string, unknown>;
  const found = (driver ?? inner.driver ?? inner.default ?? main) as Partial<Driver> | undefined;
  for (const method of ["submit", "effects"] as const) {
    if (typeof found?.[method] !== "function") {
      throw new ModuleError(
        `${path} exports no driver: "driver" or the default export needs the functions submit and effects; ${method} is missing`,
      );
    }
  }
  return found as Driver;
}
