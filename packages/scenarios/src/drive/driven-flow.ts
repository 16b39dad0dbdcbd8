import { type Command, plainCommands, type RunningStack } from "@cdktf-serverless-ml/emulator";
import type { Flow, FlowResult, FlowType, Input } from "../flows/flow";
import { upTo } from "../flows/generated";
import type { DrivenStack, Driver } from "./driver";

/** A driver as a way to use a stack: its items are numbers, and it brings no poison and no input file. */
export function drivenBy(driver: Driver): FlowType {
  return {
    name: "a driver's",
    takes: "no file: its driver puts items in",
    extensions: [],
    outputs: [],
    create: (running) => new DrivenFlow(running, driver),
    generate: (count) =>
      upTo(count).map((index) => ({ name: String(index), content: Buffer.alloc(0), isGenerated: true })),
    poison: () => undefined,
  };
}

class DrivenFlow implements Flow {
  private readonly accepted: string[] = [];
  private readonly stack: DrivenStack;

  constructor(
    private readonly running: RunningStack,
    private readonly driver: Driver,
  ) {
    const { defaults, outputs } = running.stack;
    this.stack = {
      project: defaults.project,
      outputs,
      client: (email) => running.client(email),
      holderOf: (permission, resource) => running.holderOf(permission, resource),
      fire: (schedule) => running.fire(schedule),
      writtenTo: (bucket) => running.writtenTo(bucket),
      tasks: () => running.parts.created,
    };
  }

  /** One item that is not generated is the first. */
  async submit({ name }: Input): Promise<void> {
    this.accepted.push(await this.driver.submit(Number(name), this.stack));
  }

  result(): FlowResult {
    const keyOf = this.driver.deadLetterKey?.bind(this.driver);
    return {
      accepted: this.accepted,
      effects: this.driver.effects(this.stack),
      deadLetters: this.running.deadLetters().map((letter) => {
        const { deadLetterTask, deadLetterMessageId } = letter.attributes;
        const key = keyOf?.(letter, this.stack) ?? deadLetterTask ?? deadLetterMessageId ?? letter.messageId;
        return { key, reason: letter.reason };
      }),
    };
  }

  outputs(): Promise<Record<string, unknown>> {
    return Promise.resolve({});
  }

  /** Those that any stack has. */
  commands(controlUrl: string): Promise<Command[]> {
    return plainCommands(this.running, controlUrl);
  }

  marks(key: string): string[] {
    return [key];
  }
}
