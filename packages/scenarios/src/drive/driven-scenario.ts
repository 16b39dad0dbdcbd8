import { type Command, plainCommands, type RunningStack } from "@cdktf-serverless-ml/emulator";
import { upTo } from "../shared/generated";
import type { Input, Scenario, ScenarioResult, ScenarioRun } from "../shared/scenario";
import type { DrivenStack, Driver } from "./driver";

/** The scenario of a driver. Its items are numbers. It has no poison and no input file. */
export function drivenBy(driver: Driver): Scenario {
  return {
    name: "driver",
    takes: "no file, because the driver puts items in",
    item: "item",
    extensions: [],
    create: (running) => new DrivenRun(running, driver),
    generate: (count) =>
      upTo(count).map((index) => ({ name: String(index), content: Buffer.alloc(0), isGenerated: true })),
    poison: () => undefined,
  };
}

class DrivenRun implements ScenarioRun {
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
      tasks: () => running.createdTasks,
    };
  }

  /** The input of a plain run has no name and is item 0. */
  async submit({ name }: Input): Promise<void> {
    this.accepted.push(await this.driver.submit(Number(name), this.stack));
  }

  result(): ScenarioResult {
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

  /** The commands that every stack has. */
  commands(controlUrl: string): Promise<Command[]> {
    return plainCommands(this.running, controlUrl);
  }

  marks(key: string): string[] {
    return [key];
  }
}
