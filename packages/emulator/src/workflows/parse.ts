import { parse as parseYaml } from "yaml";
import type {
  Action,
  Assignment,
  Body,
  Condition,
  Definition,
  Loop,
  Parallel,
  Parameter,
  Problems,
  Retry,
  Routine,
  Step,
  StepList,
  Template,
  Try,
} from "./definition";
import { parseTarget } from "./expression/parse";
import { expressionIn, isNumeral, type Path, type Plain, Reader } from "./reader";
import { fromPlain } from "./values";

/** Limits. Source: cloud.google.com/workflows/quotas. */
const MAX_SOURCE = 128 * 1024;
const MAX_ASSIGNMENTS = 50;
const MAX_CONDITIONS = 50;
const MAX_BRANCHES = 10;

const ACTIONS = ["assign", "call", "switch", "for", "parallel", "try", "raise", "return", "steps"] as const;

/** Fields that are allowed besides an action's own. */
const BESIDE: Readonly<Record<(typeof ACTIONS)[number], readonly string[]>> = {
  assign: ["next"],
  call: ["args", "result", "next"],
  switch: ["next"],
  for: ["next"],
  parallel: ["next"],
  try: ["retry", "except", "next"],
  // `next` beside them is accepted and never reached. Source: workflows-samples,
  // jsonschema/workflows.json, `step`.
  raise: ["next"],
  return: ["next"],
  steps: ["next"],
};

/** Reads a definition's YAML or JSON as far as it can be read without knowing its names. */
export function parseDefinition(source: string, problems: Problems): Definition | undefined {
  if (Buffer.byteLength(source) > MAX_SOURCE) problems.add([], `the source has more than ${MAX_SOURCE} bytes`);
  let plain: unknown;
  try {
    plain = parseYaml(source, { intAsBigInt: true });
  } catch (error) {
    problems.add([], `not YAML or JSON: ${(error as Error).message}`);
    return undefined;
  }
  return new DefinitionParser(problems).definition(plain);
}

class DefinitionParser extends Reader {
  definition(plain: unknown): Definition | undefined {
    // A list of steps alone is the main workflow.
    const source = Array.isArray(plain) ? { main: { steps: plain } } : this.map(plain, []);
    const routines = new Map<string, Routine>();
    for (const [name, routine] of Object.entries(source)) routines.set(name, this.routine(name, routine));
    const main = routines.get("main");
    if (!main) this.problems.add([], "there is no workflow main");
    else if (main.params.length > 1) this.problems.add(["main", "params"], "main takes one parameter");
    return main && { routines, main };
  }

  private routine(name: string, plain: unknown): Routine {
    const routine = Array.isArray(plain) ? { steps: plain } : this.map(plain, [name]);
    this.only(routine, ["params", "steps"], [name]);
    const params = this.list(routine.params ?? [], [name, "params"]).map((param, at) =>
      this.parameter(param, [name, "params", at]),
    );
    return { name, params, steps: this.steps(routine.steps, [name]) };
  }

  private parameter(plain: unknown, path: Path): Parameter {
    if (typeof plain === "string") return { name: this.name(plain, path) };
    const [[name, value] = ["", null], ...more] = Object.entries(this.map(plain, path));
    if (more.length > 0) this.problems.add(path, "a parameter with its default is one pair");
    return { name: this.name(name, path), default: fromPlain(value) };
  }

  private steps(plain: unknown, path: Path): StepList {
    const index = new Map<string, number>();
    const steps = this.list(plain, path).map((item, at): Step => {
      const [[name, body] = ["", {}], ...more] = Object.entries(this.map(item, [...path, at]));
      if (name === "" || more.length > 0) this.problems.add([...path, at], "a step is one name with what it does");
      if (index.has(name)) this.problems.add([...path, name], "another step has this name");
      index.set(name, at);
      return { name, ...this.body(this.map(body, [...path, name]), [...path, name]) };
    });
    if (steps.length === 0) this.problems.add(path, "there are no steps");
    return { steps, index };
  }

  private body(plain: Plain, path: Path, known: readonly string[] = []): Body {
    const kinds = ACTIONS.filter((kind) => Object.hasOwn(plain, kind));
    const [kind] = kinds;
    if (kinds.length > 1) this.problems.add(path, `${kinds.join(" and ")} cannot stand in one step`);
    this.only(plain, [...known, ...(kind ? [kind, ...BESIDE[kind]] : ["next"])], path);
    if (!kind && plain.next === undefined) this.problems.add(path, "the step does nothing");
    const next = plain.next === undefined ? undefined : this.text(plain.next, [...path, "next"]);
    return { action: kind ? this.action(kind, plain, path) : { kind: "none" }, ...(next !== undefined && { next }) };
  }

  private action(kind: (typeof ACTIONS)[number], plain: Plain, path: Path): Action {
    const given = plain[kind];
    const at = [...path, kind];
    switch (kind) {
      case "assign":
        return { kind, assignments: this.assignments(given, at) };
      case "call":
        return this.call(plain, path);
      case "switch":
        return { kind, conditions: this.conditions(given, at) };
      case "for":
        return { kind, loop: this.loop(given, at) };
      case "parallel":
        return { kind, parallel: this.parallel(given, at) };
      case "try":
        return { kind, attempt: this.attempt(plain, path) };
      case "raise":
      case "return":
        return { kind, value: this.template(given, at) };
      case "steps":
        return { kind, steps: this.steps(given, at) };
    }
  }

  private assignments(plain: unknown, path: Path): Assignment[] {
    const items = this.list(plain, path);
    if (items.length > MAX_ASSIGNMENTS)
      this.problems.add(path, `${items.length} assignments; allowed: ${MAX_ASSIGNMENTS}`);
    return items.flatMap((item, at) => {
      const [[target, value] = ["", null], ...more] = Object.entries(this.map(item, [...path, at]));
      if (more.length > 0) this.problems.add([...path, at], "an assignment is one pair");
      const parsed = this.attempted([...path, at], () => parseTarget(target));
      return parsed ? [{ ...parsed, value: this.template(value, [...path, at]) }] : [];
    });
  }

  private call(plain: Plain, path: Path): Action {
    const name = this.text(plain.call, [...path, "call"]);
    const args = Object.entries(this.map(plain.args ?? {}, [...path, "args"]));
    return {
      kind: "call",
      function: name,
      args: args.map(([arg, value]) => [arg, this.template(value, [...path, "args", arg])]),
      ...(plain.result !== undefined && { result: this.name(plain.result, [...path, "result"]) }),
    };
  }

  private conditions(plain: unknown, path: Path): Condition[] {
    const items = this.list(plain, path);
    if (items.length > MAX_CONDITIONS)
      this.problems.add(path, `${items.length} conditions; allowed: ${MAX_CONDITIONS}`);
    return items.map((item, at) => {
      const given = this.map(item, [...path, at]);
      if (!Object.hasOwn(given, "condition")) this.problems.add([...path, at], "there is no condition");
      return {
        condition: this.template(given.condition, [...path, at, "condition"]),
        body: this.body(given, [...path, at], ["condition"]),
      };
    });
  }

  private loop(plain: unknown, path: Path): Loop {
    const given = this.map(plain, path);
    this.only(given, ["value", "index", "in", "range", "steps"], path);
    if (Object.hasOwn(given, "in") === Object.hasOwn(given, "range"))
      this.problems.add(path, "a loop has either in or range");
    return {
      value: this.name(given.value, [...path, "value"]),
      ...(given.index !== undefined && { index: this.name(given.index, [...path, "index"]) }),
      over: Object.hasOwn(given, "range")
        ? { range: this.range(given.range, [...path, "range"]) }
        : { list: this.template(given.in, [...path, "in"]) },
      steps: this.steps(given.steps, path),
    };
  }

  /**
   * Two numbers, or one expression that is a list of two. Expressions inside a YAML list are what
   * Google's schema warns of. Source: workflows-samples, jsonschema/workflows.json, `for.range`.
   */
  private range(plain: unknown, path: Path): Template {
    const numbers = Array.isArray(plain) && plain.length === 2 && plain.every(isNumeral);
    if (!numbers && (typeof plain !== "string" || expressionIn(plain) === undefined))
      this.problems.add(path, "a range is two numbers, [1, 9], or one expression that is a list, ${[first, last]}");
    return this.template(plain, path);
  }

  private parallel(plain: unknown, path: Path): Parallel {
    const given = this.map(plain, path);
    this.only(given, ["shared", "concurrency_limit", "exception_policy", "branches", "for"], path);
    if (Object.hasOwn(given, "branches") === Object.hasOwn(given, "for"))
      this.problems.add(path, "parallel has either branches or for");
    const policy = given.exception_policy;
    if (policy !== undefined && policy !== "continueAll") {
      this.problems.add([...path, "exception_policy"], `${policy}; allowed: continueAll`);
    }
    const limit = given.concurrency_limit;
    return {
      shared: this.list(given.shared ?? [], [...path, "shared"]).map((name) => this.name(name, [...path, "shared"])),
      ...(limit !== undefined && { limit: this.template(limit, [...path, "concurrency_limit"]) }),
      continueAll: policy !== undefined,
      work:
        given.for === undefined
          ? { branches: this.branches(given.branches, [...path, "branches"]) }
          : { loop: this.loop(given.for, [...path, "for"]) },
    };
  }

  private branches(plain: unknown, path: Path): { name: string; steps: StepList }[] {
    const items = this.list(plain, path);
    if (items.length > MAX_BRANCHES) this.problems.add(path, `${items.length} branches; allowed: ${MAX_BRANCHES}`);
    return items.map((item, at) => {
      const [[name, branch] = ["", {}]] = Object.entries(this.map(item, [...path, at]));
      const given = this.map(branch, [...path, name]);
      this.only(given, ["steps"], [...path, name]);
      return { name, steps: this.steps(given.steps, [...path, name]) };
    });
  }

  private attempt(plain: Plain, path: Path): Try {
    const { retry, except } = plain;
    if (retry === undefined && except === undefined) this.problems.add(path, "try needs retry or except");
    return {
      body: this.body(this.map(plain.try, [...path, "try"]), [...path, "try"]),
      ...(retry !== undefined && { retry: this.retry(retry, [...path, "retry"]) }),
      ...(except !== undefined && { except: this.except(except, [...path, "except"]) }),
    };
  }

  private except(plain: unknown, path: Path): { as: string; body: Body } {
    const given = this.map(plain, path);
    return { as: this.name(given.as, [...path, "as"]), body: this.body(given, path, ["as"]) };
  }

  private retry(plain: unknown, path: Path): Retry {
    if (typeof plain === "string") return { standard: this.reference(plain, path) };
    const given = this.map(plain, path);
    this.only(given, ["predicate", "max_retries", "backoff"], path);
    const backoff = this.map(given.backoff, [...path, "backoff"]);
    this.only(backoff, ["initial_delay", "max_delay", "multiplier"], [...path, "backoff"]);
    const required = (from: Plain, name: string, at: Path) => {
      if (from[name] === undefined) this.problems.add(at, `there is no ${name}`);
      return this.template(from[name], [...at, name]);
    };
    return {
      predicate: this.reference(this.text(given.predicate, [...path, "predicate"]), [...path, "predicate"]),
      maxRetries: required(given, "max_retries", path),
      initialDelay: required(backoff, "initial_delay", [...path, "backoff"]),
      maxDelay: required(backoff, "max_delay", [...path, "backoff"]),
      multiplier: required(backoff, "multiplier", [...path, "backoff"]),
    };
  }
}
