import { ConnectionLost, type Machine, type RunningStack, VirtualClock } from "@cdktf-serverless-ml/emulator";
import type { Stack } from "@cdktf-serverless-ml/terraform-json";
import { scenarioOf } from "../../src/patterns";
import { startMachine } from "../../src/run/start";
import { type Summary, summarise } from "../../src/run/summary";
import { submitAll } from "../../src/run/workload";

export interface PoisonedRun {
  readonly summary: Summary;
  /** Kept for questions: it has stopped. */
  readonly running: RunningStack;
  /** Dead letters, by item. */
  readonly deadLetters: readonly { readonly key: string; readonly reason: string }[];
  /** Keys of items that were never begun. */
  readonly notReached: readonly string[];
  /** Functions that handed something to a dead letter, as it says itself. */
  readonly functions: readonly string[];
  /** Attempts for an item, as far as its marks tell them from those for others. */
  attemptsAt(key: string): string[];
}

/**
 * A run of generated items in virtual time, in which poison does what it does and nothing else goes
 * wrong.
 */
export async function poisonedRun(folder: string, count: number): Promise<PoisonedRun> {
  const machine = await startMachine(folder);
  try {
    return await run(machine, count);
  } finally {
    await machine.stop();
  }
}

async function run(machine: Machine, count: number): Promise<PoisonedRun> {
  const scenario = scenarioOf(machine.stack);
  if (!scenario) throw new Error(`${machine.stack.name} is none of the five`);
  const functionOf = identities(machine.stack);
  const clock = new VirtualClock();
  const running = machine.run({
    clock,
    retries: 5,
    intercept: () => ({
      service: (inner) => ({
        ...inner,
        handle: async (request) => {
          const caller = functionOf.get(request.caller.email ?? "");
          const effect = caller && scenario.poison({ ...request, caller: request.caller.email ?? "" });
          if (effect === "fail") return { status: 500, body: { error: { code: 500, status: "INTERNAL" } } };
          if (!caller || effect === undefined) return inner.handle(request);
          running.parts.workers.crash(caller, request.port);
          throw new ConnectionLost("the process died");
        },
      }),
    }),
  });
  clock.run(() => running.pending() > 0);
  try {
    const scenarioRun = scenario.create(running);
    await submitAll(scenarioRun, scenario.generate(count));
    if ((await running.settled()) === "stuck") throw new Error(`${running.pending()} items are stuck`);
    const { recorder, denials, unsimulated } = running.parts;
    const result = scenarioRun.result();
    const seen = { result, outputs: {}, hops: recorder.hops.length, denials, unsimulated };
    const functions = running.deadLetters().map(({ attributes }) => attributes.deadLetterFunction ?? "Pub/Sub");
    return {
      summary: summarise({ stack: machine.stack.name, ...seen }),
      running,
      deadLetters: result.deadLetters,
      notReached: result.notReached ?? [],
      functions: [...new Set(functions)].sort(),
      attemptsAt: (key) => {
        const marks = scenarioRun.marks(key);
        const words = (text: string) => text.split(/[^\w-]+/);
        const isIts = (what: string) =>
          marks.some((mark) => ` ${words(what).join(" ")} `.includes(` ${words(mark).join(" ")} `));
        return recorder.hops
          .filter(({ attempt, what }) => attempt !== undefined && isIts(what))
          .map(({ from, attempt, status }) => `${from.split(" ")[0]} ${attempt}: ${status}`);
      },
    };
  } finally {
    await running.stop();
    clock.stop();
  }
}

/** E-mail -> name of the function that runs as it. */
function identities({ resources }: Stack): Map<string, string> {
  return new Map(
    resources
      .filter(({ type }) => type === "google_cloudfunctions2_function")
      .map(({ attributes }) => [attributes.service_config.service_account_email, attributes.name]),
  );
}
