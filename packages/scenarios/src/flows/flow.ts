import type { Command, RunningStack } from "@cdktf-serverless-ml/emulator";

/** A file that is put into a stack. */
export interface Input {
  /** Without folders; empty to fire the stack's schedule. */
  readonly name: string;
  readonly content: Buffer;
  /** Where it was read, absolute; none for what was made. */
  readonly path?: string;
  /** Whether it is one of many that `FlowType.generate` made. Default false. */
  readonly isGenerated?: boolean;
}

/** How one architecture is used: what goes in, and what must have come of it when all is quiet. */
export interface Flow {
  /** Puts the input in, as a client of the stack would. @throws RequestFailed, InputError */
  submit(input: Input): Promise<void>;
  /** What became of it; asked when all is quiet. */
  result(): FlowResult;
  /** What the user came for, read as a client of the stack would. @throws RequestFailed */
  outputs(): Promise<Readonly<Record<string, unknown>>>;
  /** For a stack that stays up: puts what its own schedules read where they read it. @throws RequestFailed */
  prepare?(input: Input): Promise<void>;
  /**
   * Ready-made commands for a stack that stays up.
   *
   * @param controlUrl of the control server
   * @param file absolute path of what goes in; none where the stack brings its own
   */
  commands(controlUrl: string, file?: string): Promise<Command[]>;
  /** Texts, such as ids of tasks and messages, that tell the hops of one work item from all others. */
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

export interface FlowResult {
  /** Keys of the work items that were accepted; each must end in one effect, in one dead letter, or not reached. */
  readonly accepted: readonly string[];
  /** Keys of the items whose effect was seen, as often as it was. */
  readonly effects: readonly string[];
  /** Keys of the items that were handed to a dead letter, with the reasons. */
  readonly deadLetters: readonly KeyedReason[];
  /** Keys of the items that were never begun, because one before them went to a dead letter. Default: none. */
  readonly notReached?: readonly string[];
  /** Keys of the items that have their effect although records within them failed, with the reasons. Default: none. */
  readonly partial?: readonly KeyedReason[];
}

/** An architecture, recognised by the outputs of its stack. */
export interface FlowType {
  readonly name: string;
  /** File in `samples/` that is put in unless another is given; none where the stack brings its own. */
  readonly sample?: string;
  /** What an input file must be, for people. */
  readonly takes: string;
  /** Extensions of input files. */
  readonly extensions: readonly string[];
  /** Names of the outputs by which it is recognised. */
  readonly outputs: readonly string[];
  create(running: RunningStack): Flow;
  /** What of an input goes to a model, as far as it can be read. Absent where no model is asked. */
  instances?(input: Input): readonly unknown[];
  /**
   * Inputs of so many work items, always the same. Among the first 20 and among each 200 after them is one of each kind that
   * cannot be worked on: one that is refused, one that fails whenever it is worked on (`fail`), one that kills its process
   * (`kill`). Where one would not reach each function, there are more.
   */
  generate(count: number): readonly Input[];
  /** What the poison among generated inputs does where it is worked on: the call fails, or the process dies of it. */
  poison(call: ApiCall): "fail" | "kill" | undefined;
}

/** An input file that cannot be put in: which line, and why. */
export class InputError extends Error {}

/** The lines of a JSON Lines file. @throws InputError that names the first line that is not JSON */
export function jsonLines({ name, content }: Input): { line: number; value: unknown }[] {
  const values = content
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .split("\n")
    .flatMap((text, index) => {
      if (text.trim() === "") return [];
      try {
        return [{ line: index + 1, value: JSON.parse(text) as unknown }];
      } catch (error) {
        throw new InputError(`${name}, line ${index + 1}: ${(error as Error).message}`);
      }
    });
  if (values.length === 0) throw new InputError(`${name} holds no lines`);
  return values;
}

/** The values of those lines of a JSON Lines file that are JSON. */
export function valuesOf({ content }: Input): unknown[] {
  return content
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .split("\n")
    .flatMap((text) => {
      try {
        return [JSON.parse(text) as unknown];
      } catch {
        return [];
      }
    });
}

/** An output of the stack that is a text. */
export function textOutput({ stack }: RunningStack, name: string): string {
  return String(stack.outputs[name]);
}
