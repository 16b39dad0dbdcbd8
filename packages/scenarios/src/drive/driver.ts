import type { Client, CreatedTask, DeadLetter, StoredObject } from "@cdktf-serverless-ml/emulator";

/**
 * How a stack that is none of the five architectures is used. A module for `--drive` exports one as `driver` or as its default:
 * with it, the stack runs, is tested with injected faults, and its IAM is checked.
 */
export interface Driver {
  /**
   * Puts one work item in, as somebody outside the stack would.
   *
   * @param index counted from 0. The same index must put in the same item, so that a run can be repeated
   * @returns the item's key, which {@link Driver.effects} and {@link Driver.deadLetterKey} name it by
   * @throws what a call throws: an item that is not accepted ends the run
   */
  submit(index: number, stack: DrivenStack): Promise<string>;
  /** Keys of the items whose effect is there, each as often as the effect was made. Asked at any time. */
  effects(stack: DrivenStack): readonly string[];
  /**
   * Key of the item that a dead letter is about.
   * @default - the task's id, or the id of the message
   */
  deadLetterKey?(letter: DeadLetter, stack: DrivenStack): string;
}

/** What a driver may do with the stack that it drives, and see of it. */
export interface DrivenStack {
  /** Project id that the stack's provider names. */
  readonly project: string;
  /** The stack's Terraform outputs, evaluated. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Calls Google's APIs and the stack's functions as a service account, whose bindings decide what it may do. */
  client(email: string): Client;
  /** E-mail of a service account that the stack grants a permission on a resource (full name); undefined where there is none. */
  holderOf(permission: string, resource: string): string | undefined;
  /** Runs a Cloud Scheduler job now. @returns false where all its attempts failed */
  fire(schedule: string): Promise<boolean>;
  /** Objects written to a bucket so far, one for each time. */
  writtenTo(bucket: string): readonly StoredObject[];
  /** Tasks that the stack's queues took on so far. */
  tasks(): readonly CreatedTask[];
}
