import type { Command, RunningStack } from "@cdktf-serverless-ml/emulator";
import type { StackIndex } from "@cdktf-serverless-ml/terraform-json";

/** A file that is put into a stack. */
export interface Input {
  /** File name without folders. Empty: the stack's schedule is fired instead. */
  readonly name: string;
  readonly content: Buffer;
  /** Absolute path that it was read from. Absent for a generated input. */
  readonly path?: string;
  /**
   * Whether `Scenario.generate` made it.
   * @default false
   */
  readonly isGenerated?: boolean;
}

/** Values of a stack's outputs by name. */
export type Outputs = Readonly<Record<string, unknown>>;

/** How a stack is used and judged. */
export interface Scenario {
  /** For people. */
  readonly name: string;
  /** File in `samples/` that goes in unless another is given. Absent where the stack needs none. */
  readonly sample?: string;
  /** What an input file must be, for people. */
  readonly takes: string;
  /** What a work item is, for people: `shard`. */
  readonly item: string;
  /**
   * The setting that says how many records an item has.
   * @default - the number is not one that users set
   */
  readonly batch?: string;
  /** Extensions of input files. */
  readonly extensions: readonly string[];
  /**
   * Whether a run waits for minutes of the stack's own, so that its clock jumps over what nobody
   * waits for.
   * @default false
   */
  readonly waits?: boolean;
  /** Starts to use a stack that runs. */
  create(running: RunningStack): ScenarioRun;
  /**
   * The same for a user's parameters: whatever it starts gets them, too. Absent where nothing takes
   * parameters.
   */
  withParameters?(parameters: Readonly<Record<string, unknown>>): Scenario;
  /**
   * The records of an input that go to a model, as far as they can be read. Absent where no model
   * is asked.
   */
  instances?(input: Input): readonly unknown[];
  /**
   * Makes inputs of `count` work items, the same each time. Among the first 20 items and among each
   * 200 after them is one of each kind of poison: one that is refused, one that fails each time
   * (`fail`), one that kills its process (`kill`). There are more where one would not reach each
   * function.
   */
  generate(count: number): readonly Input[];
  /**
   * What a call does that carries poison of the generated inputs: it fails, or its process dies.
   */
  poison(call: ApiCall): "fail" | "kill" | undefined;
  /**
   * How an outage refuses a call for good on which the effects of items depend, so that they go to
   * their dead letters at once.
   * @default - the scenario has no such call, and no redrive under faults
   */
  outage?(call: ApiCall): "INVALID_ARGUMENT" | "NOT_FOUND" | undefined;
}

/** How stacks of one pattern are recognised, used and judged. */
export interface PatternScenario extends Scenario {
  /**
   * Files of `samples/` that replace Google's public objects, by bucket and object. Other objects
   * of these buckets do not exist.
   * @default - none
   */
  readonly publicObjects?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /**
   * Names of the outputs that the scenario uses. A stack that has all of them is of this pattern.
   */
  readonly outputs: readonly string[];
  /**
   * Reads these outputs from the resources of a stack that does not declare them. Empty for another
   * pattern's stack.
   */
  outputsFrom(index: StackIndex): Outputs;
}

/** One use of a running stack: puts inputs in and says what became of them. */
export interface ScenarioRun {
  /** Puts an input in, as a client of the stack does. @throws RequestFailed, InputError */
  submit(input: Input): Promise<void>;
  /** Pulls what waits for consumers outside the stack, if it has any. @throws RequestFailed */
  consume?(): Promise<void>;
  /** What became of the work items. Final once the stack is idle. */
  result(): ScenarioResult;
  /**
   * What the summary shows of the results, read as a client of the stack reads them.
   *
   * @throws RequestFailed
   */
  outputs(): Promise<Outputs>;
  /** For a stack that stays up: uploads what its schedules read. @throws RequestFailed */
  prepare?(input: Input): Promise<void>;
  /**
   * Commands that use a stack that stays up.
   *
   * @param controlUrl URL of the control server
   * @param file absolute path of the input. Absent where the stack needs none
   */
  commands(controlUrl: string, file?: string): Promise<Command[]>;
  /** Ids of tasks, messages and objects by which the hops of a work item are found. */
  marks(key: string): readonly string[];
}

/** A call of a Google API by a function or a workflow of the stack. */
export interface ApiCall {
  /** E-mail of the service account that calls. */
  readonly caller: string;
  readonly method: string;
  readonly host: string;
  /** Percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

/** A work item, and why it or a part of it failed. */
export interface KeyedReason {
  readonly key: string;
  readonly reason: string;
}

/**
 * What became of the work items, by key. Each accepted item must have one effect, be one dead
 * letter, or be not reached.
 */
export interface ScenarioResult {
  /** Items that the stack accepted. */
  readonly accepted: readonly string[];
  /** Items that have their effect, each as often as the effect was made. */
  readonly effects: readonly string[];
  /** Items that went to a dead letter, with the reasons. */
  readonly deadLetters: readonly KeyedReason[];
  /**
   * Items that never began because one before them went to a dead letter.
   * @default - none
   */
  readonly notReached?: readonly string[];
  /**
   * Items that the stack took and that need something that is not on this machine, with what to
   * install. They are not among `accepted`.
   * @default - none
   */
  readonly skipped?: readonly KeyedReason[];
  /**
   * Items that have their effect although records in them failed, with the reasons.
   * @default - none
   */
  readonly partial?: readonly KeyedReason[];
}

/** An input that cannot be used: the file, the line if there is one, and why. */
export class InputError extends Error {}

/** An output of the stack that is a text. */
export function textOutput({ stack }: RunningStack, name: string): string {
  return String(stack.outputs[name]);
}
