import type { Action, Body, Definition, Parallel, Problems, Retry, StepList, Template } from "./definition";
import type { Expression } from "./expression/parse";
import { BLOCKING, type FunctionSignature, STANDARD_PREDICATES, STANDARD_RETRIES, signatureOf } from "./stdlib";

type Path = readonly (string | number)[];

/** The place of a body: the step lists that `next` reaches, innermost last. */
interface Place {
  readonly reachable: readonly StepList[];
  readonly inLoop: boolean;
  /** How many parallel steps are around. */
  readonly depth: number;
  /** Inside parallel: variables from outside that may not be written, as they are not shared. */
  readonly readOnly: ReadonlySet<string>;
  /** Variables of the routine, or of the branch. */
  readonly names: ReadonlySet<string>;
}

const MAX_PARALLEL_DEPTH = 2;

/**
 * Checks all names that a definition uses: steps, functions, arguments, predicates, shared
 * variables.
 */
export function checkDefinition(definition: Definition, problems: Problems): void {
  for (const routine of definition.routines.values()) {
    if (signatureOf(routine.name)) problems.add([routine.name], "a function of the standard library has this name");
    const checker = new Checker(definition, problems);
    const names = new Set([...namesAssigned(routine.steps), ...routine.params.map(({ name }) => name)]);
    const place = { reachable: [], inLoop: false, depth: 0, readOnly: new Set<string>(), names };
    checker.steps(routine.steps, [routine.name], place);
  }
}

class Checker {
  constructor(
    private readonly definition: Definition,
    private readonly problems: Problems,
  ) {}

  steps(list: StepList, path: Path, place: Place): void {
    const inside = { ...place, reachable: [...place.reachable, list] };
    for (const step of list.steps) this.body(step, [...path, step.name], inside);
  }

  private body({ action, next }: Body, path: Path, place: Place): void {
    if (next !== undefined) this.next(next, [...path, "next"], place);
    this.action(action, path, place);
  }

  private next(next: string, path: Path, { reachable, inLoop }: Place): void {
    if (next === "end") return;
    if (next === "break" || next === "continue") {
      if (!inLoop) this.problems.add(path, `${next} is outside of a loop`);
    } else if (!reachable.some(({ index }) => index.has(next))) {
      this.problems.add(path, `no step ${next} can be reached from here`);
    }
  }

  private action(action: Action, path: Path, place: Place): void {
    switch (action.kind) {
      case "assign":
        for (const [at, { name, keys, value }] of action.assignments.entries()) {
          this.written(name, [...path, "assign", at], place);
          for (const key of keys) this.expression(key, [...path, "assign", at]);
          this.template(value, [...path, "assign", at]);
        }
        return;
      case "call":
        this.call(action, path);
        if (action.result !== undefined) this.written(action.result, [...path, "result"], place);
        return;
      case "switch":
        for (const [at, { condition, body }] of action.conditions.entries()) {
          this.template(condition, [...path, "switch", at]);
          this.body(body, [...path, "switch", at], place);
        }
        return;
      case "for": {
        const { over, steps } = action.loop;
        for (const template of Object.values(over)) this.template(template, [...path, "for"]);
        this.steps(steps, [...path, "for"], { ...place, reachable: [], inLoop: true });
        return;
      }
      case "parallel":
        this.parallel(action.parallel, [...path, "parallel"], place);
        return;
      case "try": {
        const { body, retry, except } = action.attempt;
        this.body(body, [...path, "try"], place);
        if (retry) this.retry(retry, [...path, "retry"]);
        if (except) this.body(except.body, [...path, "except"], place);
        return;
      }
      case "raise":
      case "return":
        if (action.kind === "return" && place.depth > 0)
          this.problems.add(path, "return is not simulated inside parallel");
        this.template(action.value, [...path, action.kind]);
        return;
      case "steps":
        this.steps(action.steps, [...path, "steps"], place);
        return;
      case "none":
    }
  }

  private written(name: string, path: Path, { readOnly }: Place): void {
    if (readOnly.has(name)) this.problems.add(path, `${name} is not shared, so nothing in this branch can assign it`);
  }

  private call(action: Action & { kind: "call" }, path: Path): void {
    for (const [name, value] of action.args) this.template(value, [...path, "args", name]);
    const signature = this.signature(action.function, [...path, "call"]);
    if (!signature) return;
    const given = action.args.map(([name]) => name);
    for (const name of given) {
      if (!signature.some((parameter) => parameter.name === name)) {
        this.problems.add([...path, "args"], `${action.function} has no argument ${name}, or it is not simulated`);
      }
    }
    for (const { name, optional } of signature) {
      if (!optional && !given.includes(name))
        this.problems.add([...path, "args"], `${action.function} needs the argument ${name}`);
    }
  }

  private parallel({ shared, limit, work }: Parallel, path: Path, place: Place): void {
    if (place.depth >= MAX_PARALLEL_DEPTH) this.problems.add(path, `nested deeper than ${MAX_PARALLEL_DEPTH}`);
    if (limit) this.template(limit, [...path, "concurrency_limit"]);
    const readOnly = new Set([...place.readOnly, ...place.names].filter((name) => !shared.includes(name)));
    for (const name of shared) {
      if (!place.names.has(name)) this.problems.add([...path, "shared"], `there is no variable ${name} outside`);
      if (place.readOnly.has(name))
        this.problems.add([...path, "shared"], `the parallel step around does not share ${name}`);
    }
    const around = { reachable: [], depth: place.depth + 1, readOnly };
    if ("branches" in work) {
      for (const { name, steps } of work.branches) {
        this.steps(steps, [...path, name], {
          ...around,
          inLoop: false,
          names: new Set([...place.names, ...namesAssigned(steps)]),
        });
      }
    } else {
      for (const template of Object.values(work.loop.over)) this.template(template, [...path, "for"]);
      const names = new Set([...place.names, ...namesAssigned(work.loop.steps)]);
      this.steps(work.loop.steps, [...path, "for"], { ...around, inLoop: true, names });
    }
  }

  private retry(retry: Retry, path: Path): void {
    if ("standard" in retry) {
      if (retry.standard && !STANDARD_RETRIES.has(retry.standard))
        this.problems.add(path, `${retry.standard} is not a retry policy that is simulated`);
      return;
    }
    const { predicate, ...values } = retry;
    const routine = this.definition.routines.get(predicate);
    if (routine && routine.params.length !== 1)
      this.problems.add(path, `the predicate ${predicate} must take one parameter`);
    if (predicate && !routine && !STANDARD_PREDICATES.has(predicate))
      this.problems.add(path, `there is no predicate ${predicate}`);
    for (const value of Object.values(values)) this.template(value, path);
  }

  private template(template: Template, path: Path): void {
    if (template.kind === "expression") this.expression(template.expression, path);
    if (template.kind === "list") for (const item of template.items) this.template(item, path);
    if (template.kind === "map") {
      for (const [key, value] of template.entries) {
        this.template(key, path);
        this.template(value, key.kind === "constant" ? [...path, String(key.value)] : path);
      }
    }
  }

  private expression(expression: Expression, path: Path): void {
    switch (expression.kind) {
      case "list":
        for (const item of expression.items) this.expression(item, path);
        return;
      case "member":
        this.expression(expression.of, path);
        this.expression(expression.key, path);
        return;
      case "call":
        this.called(expression.name, expression.args.length, path);
        for (const arg of expression.args) this.expression(arg, path);
        return;
      case "not":
      case "minus":
        this.expression(expression.operand, path);
        return;
      case "binary":
        this.expression(expression.left, path);
        this.expression(expression.right, path);
        return;
      case "literal":
      case "variable":
    }
  }

  private called(name: string, count: number, path: Path): void {
    if (BLOCKING.has(name)) {
      this.problems.add(path, `${name} blocks, so it can only be called by a call step`);
      return;
    }
    const signature = this.signature(name, path);
    if (!signature) return;
    const least = signature.filter(({ optional }) => !optional).length;
    if (count < least || count > signature.length) {
      const allowed = least === signature.length ? String(least) : `${least} to ${signature.length}`;
      this.problems.add(path, `${name} takes ${allowed} arguments, not ${count}`);
    }
  }

  private signature(name: string, path: Path): FunctionSignature | undefined {
    const routine = this.definition.routines.get(name);
    if (routine)
      return routine.params.map((parameter) => ({ name: parameter.name, optional: parameter.default !== undefined }));
    const signature = signatureOf(name);
    if (!signature) this.problems.add(path, `there is no function ${name}, or it is not simulated`);
    return signature;
  }
}

/**
 * Variables that steps assign, leaving out what the branches of parallel steps keep to themselves.
 */
function namesAssigned({ steps }: StepList): Set<string> {
  return new Set(steps.flatMap(ofBody));
}

function ofBody({ action }: Body): string[] {
  return ofAction(action);
}

function ofAction(action: Action): string[] {
  switch (action.kind) {
    case "assign":
      return action.assignments.map(({ name }) => name);
    case "call":
      return action.result === undefined ? [] : [action.result];
    case "switch":
      return action.conditions.flatMap(({ body }) => ofBody(body));
    case "for":
      return [...namesAssigned(action.loop.steps)];
    case "try":
      return [action.attempt.body, action.attempt.except?.body].flatMap((body) => (body ? ofBody(body) : []));
    case "steps":
      return [...namesAssigned(action.steps)];
    default:
      return [];
  }
}
