import { type Branch, runBranches } from "./branches";
import type {
  Action,
  Assignment,
  Body,
  Condition,
  Definition,
  Loop,
  Parallel,
  Routine,
  StepList,
  Template,
  Try,
} from "./definition";
import { Cancelled, isCaught, RaisedError, raised } from "./errors";
import { boolean, type Environment, type Evaluation, evaluate, evaluateTemplate, finish } from "./expression/evaluate";
import { withPart } from "./expression/operators";
import { Memory, Scope } from "./scope";
import { callStandard, retryPolicy, STANDARD_PREDICATES, type StandardContext, signatureOf } from "./stdlib";
import { isList, isNumber, toJson, typeOf, type Value } from "./values";

/** Limits of one execution. Source: cloud.google.com/workflows/quotas. */
const MAX_STEPS = 100_000;
const MAX_DEPTH = 20;
const MAX_CONCURRENT = 20;

/** How steps ended, other than after the last one. */
type Ending =
  | { readonly kind: "jump"; readonly list: StepList; readonly at: number }
  | { readonly kind: "break" }
  | { readonly kind: "continue" }
  | { readonly kind: "return"; readonly value: Value };

/** The place of a step while it runs. */
interface Place {
  readonly routine: Routine;
  readonly scope: Scope;
  /** The step lists around, innermost last. */
  readonly lists: readonly StepList[];
  readonly depth: number;
  /** Of the execution, or of a branch that others may end. */
  readonly signal: AbortSignal;
}

/** One execution of a definition. */
export class Interpreter {
  private steps = 0;
  private readonly memory = new Memory();

  /** The steps, and the most bytes of variables at one time, which have limits. */
  get used(): { readonly steps: number; readonly memory: number } {
    return { steps: this.steps, memory: this.memory.peak };
  }

  /** The step that began last. */
  current = { routine: "main", step: "" };

  constructor(
    private readonly definition: Definition,
    private readonly context: StandardContext,
  ) {}

  /** @throws RaisedError that nothing caught, Cancelled */
  run(argument: Value, signal: AbortSignal): Promise<Value> {
    const { main } = this.definition;
    return this.routine(main, main.params.length === 0 ? [] : [argument], 1, signal);
  }

  private async routine(
    routine: Routine,
    args: readonly (Value | undefined)[],
    depth: number,
    signal: AbortSignal,
  ): Promise<Value> {
    if (depth > MAX_DEPTH) throw raised("RecursionError", `call stack depth exceeded: ${MAX_DEPTH}`);
    const scope = new Scope(this.memory);
    try {
      for (const [at, parameter] of routine.params.entries())
        scope.declare(parameter.name, args[at] ?? parameter.default ?? null);
      const ending = await this.list(routine.steps, { routine, scope, lists: [], depth, signal });
      return ending?.kind === "return" ? ending.value : null;
    } finally {
      scope.end();
    }
  }

  private async list(list: StepList, outer: Place): Promise<Ending | undefined> {
    const place = { ...outer, lists: [...outer.lists, list] };
    for (let at = 0; at < list.steps.length; at++) {
      const step = list.steps[at];
      if (!step) break;
      if (place.signal.aborted) throw new Cancelled();
      if (++this.steps > MAX_STEPS) throw raised("ResourceLimitError", `step limit exceeded: ${MAX_STEPS}`);
      this.current = { routine: place.routine.name, step: step.name };
      const ending = await this.body(step, place).catch((error) => {
        if (error instanceof RaisedError) error.steps.push(`step "${step.name}", routine "${place.routine.name}"`);
        throw error;
      });
      if (ending?.kind !== "jump" || ending.list !== list) {
        if (ending) return ending;
      } else at = ending.at - 1;
    }
    return undefined;
  }

  private async body({ action, next }: Body, place: Place): Promise<Ending | undefined> {
    const ending = await this.action(action, place);
    return ending ?? (next === undefined ? undefined : jump(next, place));
  }

  private async action(action: Action, place: Place): Promise<Ending | undefined> {
    switch (action.kind) {
      case "none":
        return undefined;
      case "assign":
        for (const assignment of action.assignments) await finish(this.assign(assignment, place));
        return undefined;
      case "call":
        return this.callStep(action, place);
      case "switch":
        return this.switch(action.conditions, place);
      case "for":
        return this.loop(action.loop, place);
      case "parallel":
        return this.parallel(action.parallel, place);
      case "try":
        return this.attempt(action.attempt, place);
      case "steps":
        return this.list(action.steps, place);
      case "raise":
        throw new RaisedError(await this.value(action.value, place));
      case "return":
        return { kind: "return", value: await this.value(action.value, place) };
    }
  }

  /** Reads and writes in one go, so that branches can add to a shared variable. */
  private *assign({ name, keys, value }: Assignment, place: Place): Evaluation<void> {
    const environment = this.environment(place);
    const path: Value[] = [];
    for (const key of keys) path.push(yield* evaluate(key, environment));
    const part = yield* evaluateTemplate(value, environment);
    place.scope.set(name, path.length === 0 ? part : withPart(place.scope.get(name), path, part));
  }

  private async callStep(action: Action & { kind: "call" }, place: Place): Promise<undefined> {
    const args = new Map<string, Value>();
    for (const [name, template] of action.args) args.set(name, await this.value(template, place));
    this.context.logCall("call", action.function);
    const result = await this.called(action.function, args, place).catch((error) => {
      if (error instanceof RaisedError) this.context.logCall("exception", action.function);
      throw error;
    });
    this.context.logCall("return", action.function);
    if (action.result !== undefined) place.scope.set(action.result, result);
  }

  private async called(name: string, args: ReadonlyMap<string, Value>, place: Place): Promise<Value> {
    const routine = this.definition.routines.get(name);
    if (!routine) return callStandard(name, args, this.context, place.signal);
    const values = routine.params.map((parameter) => args.get(parameter.name));
    return this.routine(routine, values, place.depth + 1, place.signal);
  }

  private async switch(conditions: readonly Condition[], place: Place): Promise<Ending | undefined> {
    for (const { condition, body } of conditions) {
      if (boolean("condition", await this.value(condition, place))) return this.body(body, place);
    }
    return undefined;
  }

  private async loop(loop: Loop, place: Place): Promise<Ending | undefined> {
    let at = 0;
    for await (const value of this.turns(loop, place)) {
      const ending = await this.turn(loop, value, at++, place);
      if (ending?.kind === "break") return undefined;
      if (ending && ending.kind !== "continue") return ending;
    }
    return undefined;
  }

  private async turn(loop: Loop, value: Value, at: number, place: Place): Promise<Ending | undefined> {
    const scope = place.scope.inner();
    try {
      scope.declare(loop.value, value);
      if (loop.index !== undefined) scope.declare(loop.index, BigInt(at));
      return await this.list(loop.steps, { ...place, scope, lists: [] });
    } finally {
      scope.end();
    }
  }

  /** The values of a loop. A range includes both ends. */
  private async *turns({ over }: Loop, place: Place): AsyncGenerator<Value> {
    if ("list" in over) {
      const list = await this.value(over.list, place);
      if (!isList(list)) throw raised("TypeError", `a loop goes through a list, not ${typeOf(list)}`);
      yield* list;
      return;
    }
    const range = await this.value(over.range, place);
    const [from, to, ...more] = isList(range) ? range : [];
    if (from === undefined || to === undefined || more.length > 0 || !isNumber(from) || !isNumber(to))
      throw raised(
        "TypeError",
        `a range is a list of two numbers, not ${isList(range) ? toJson(range) : typeOf(range)}`,
      );
    if (typeof from === "bigint") for (let value = from; value <= to; value++) yield value;
    else for (let value = from; value <= to; value++) yield value;
  }

  private async parallel(parallel: Parallel, place: Place): Promise<undefined> {
    const abort = new AbortController();
    const signal = AbortSignal.any([place.signal, abort.signal]);
    const runs = await this.branches(parallel, { ...place, lists: [], signal });
    const limit = parallel.limit ? await this.value(parallel.limit, place) : BigInt(MAX_CONCURRENT);
    if (typeof limit !== "bigint" || limit < 1n) throw raised("ValueError", "concurrency_limit is a positive integer");
    const concurrency = Math.min(Number(limit), MAX_CONCURRENT);
    await runBranches(runs, { concurrency, continueAll: parallel.continueAll, abort, outer: place.signal });
  }

  private async branches({ work }: Parallel, place: Place): Promise<Branch[]> {
    if ("branches" in work) {
      return work.branches.map(({ name, steps }) => ({
        id: name,
        work: async () => {
          const scope = place.scope.inner();
          await this.list(steps, { ...place, scope }).finally(() => scope.end());
        },
      }));
    }
    const runs: Branch[] = [];
    for await (const value of this.turns(work.loop, place)) {
      const at = runs.length;
      runs.push({ id: String(at), work: () => this.turn(work.loop, value, at, place) });
    }
    return runs;
  }

  private async attempt({ body, retry, except }: Try, place: Place): Promise<Ending | undefined> {
    const policy = retry && (await retryPolicy(retry, (template) => this.value(template, place)));
    try {
      for (let retries = 0; ; retries++) {
        try {
          return await this.body(body, place);
        } catch (error) {
          if (!isCaught(error) || !policy || retries >= policy.maxRetries) throw error;
          if (!(await this.shouldRetry(policy.predicate, error.value, place))) throw error;
          const delay = Math.min(policy.initialDelay * policy.multiplier ** retries, policy.maxDelay);
          await this.context.sleep(delay, place.signal);
        }
      }
    } catch (error) {
      if (!isCaught(error) || !except) throw error;
      const scope = place.scope.inner();
      scope.declare(except.as, error.value);
      return await this.body(except.body, { ...place, scope }).finally(() => scope.end());
    }
  }

  private async shouldRetry(predicate: string, error: Value, place: Place): Promise<boolean> {
    const standard = STANDARD_PREDICATES.get(predicate);
    if (standard) return standard(error);
    const routine = this.definition.routines.get(predicate);
    return (
      routine !== undefined &&
      boolean("a predicate", await this.routine(routine, [error], place.depth + 1, place.signal))
    );
  }

  private environment({ scope, depth, signal }: Place): Environment {
    return {
      variable: (name) => scope.get(name),
      call: (name, args) => {
        const routine = this.definition.routines.get(name);
        if (routine) return this.routine(routine, args, depth + 1, signal);
        const names = signatureOf(name)?.map((parameter) => parameter.name) ?? [];
        const named = new Map(args.map((value, at) => [names[at] ?? "", value]));
        return callStandard(name, named, this.context, signal);
      },
    };
  }

  private value(template: Template, place: Place): Promise<Value> {
    return finish(evaluateTemplate(template, this.environment(place)));
  }
}

/** Where `next` leads. */
function jump(next: string, { lists }: Place): Ending {
  if (next === "end") return { kind: "return", value: null };
  if (next === "break" || next === "continue") return { kind: next };
  for (const list of lists.toReversed()) {
    const at = list.index.get(next);
    if (at !== undefined) return { kind: "jump", list, at };
  }
  throw new Error(`No step ${next}: the definition was not checked`);
}
