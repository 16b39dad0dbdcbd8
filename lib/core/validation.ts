import { join } from "node:path";
import { Token } from "cdktf";
import type { Construct, IConstruct } from "constructs";

/**
 * Kinds of mistakes in the properties of constructs. Codes are stable: tests and tools may rely on
 * them. `docs/errors.md` says what each means and how to fix it.
 */
export type ValidationCode =
  | "BundleFailed"
  | "ConcurrencyNeedsCpu"
  | "ConflictingTarget"
  | "CpuMemoryMismatch"
  | "DeadlineTooShort"
  | "DuplicateId"
  | "FleetTooSmall"
  | "GpuMismatch"
  | "InvalidBeamPipeline"
  | "InvalidFilter"
  | "InvalidGrant"
  | "InvalidImage"
  | "InvalidName"
  | "InvalidSchedule"
  | "InvalidSchema"
  | "InvalidSetting"
  | "InvalidSource"
  | "InvalidValue"
  | "InvalidWorkflow"
  | "MissingDeployment"
  | "NameTaken"
  | "OtherStack"
  | "OutOfRange"
  | "PipelineCycle"
  | "ReservedVariable"
  | "TimeoutTooLong"
  | "UnknownStep"
  | "UnsupportedOnImport"
  | "UnsupportedRegion"
  | "UnsupportedRuntime";

/** One mistake: a stable code, what was given and what is allowed, and the construct. */
export class ValidationError extends Error {
  override readonly name = "ValidationError";

  /** @param path construct path inside the app; empty where there is no construct */
  constructor(
    readonly code: ValidationCode,
    readonly detail: string,
    readonly path = "",
  ) {
    super(path ? `[${path}] ${code}: ${detail}` : `${code}: ${detail}`);
    keepCallersFrames(this);
  }
}

/** All mistakes in an app, reported at once. */
export class ValidationErrors extends Error {
  override readonly name = "ValidationErrors";

  constructor(readonly problems: readonly ValidationError[]) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(`${count}:\n${problems.map((error) => `  ${error.message}`).join("\n")}`);
    // The message holds all problems. Node would print an enumerable property, or one named
    // "errors", again with each stack.
    Object.defineProperty(this, "problems", { enumerable: false });
    keepCallersFrames(this);
  }
}

/** The folder of this package's code, compiled or not. */
const OWN_CODE = join(__dirname, "..");

/**
 * Drops stack frames that do not help the caller: those of this package, of other packages and of
 * Node.
 */
function keepCallersFrames(error: Error): void {
  const [message = "", ...frames] = (error.stack ?? "").split(/\n(?= {4}at )/);
  const foreign = frames.filter(
    (frame) => !/\bnode:|\(<anonymous>\)|[/\\]node_modules[/\\]/.test(frame) && !frame.includes(OWN_CODE),
  );
  error.stack = [message, ...foreign].join("\n");
}

/** A row of a rule table. The rule is broken where `broken` is true. */
export interface Rule {
  readonly code: ValidationCode;
  readonly broken: boolean;
  /** What was given, and what is allowed. */
  readonly message: string;
}

const reported = new WeakMap<IConstruct, ValidationError[]>();

/**
 * Checks a table of rules. A broken rule does not throw. It is recorded, so that one synth reports
 * all mistakes in the app, through {@link validationErrors} or cdktf's own validation.
 */
export function check(scope: Construct, rules: readonly (Rule | undefined)[]): void {
  for (const rule of rules) {
    if (rule?.broken) report(scope, rule.code, rule.message);
  }
}

const later = new WeakMap<IConstruct, () => readonly Rule[]>();

/**
 * Checks a table of rules when the app is complete, for what methods of the construct may still
 * change. A construct has one such table.
 */
export function checkLater(scope: Construct, rules: () => readonly Rule[]): void {
  later.set(scope, rules);
  scope.node.addValidation({ validate: () => brokenLater(scope).map((error) => `${error.code}: ${error.detail}`) });
}

function brokenLater(scope: IConstruct): ValidationError[] {
  const rules = later.get(scope)?.() ?? [];
  return rules
    .filter(({ broken }) => broken)
    .map(({ code, message }) => new ValidationError(code, message, scope.node.path));
}

/** Records a mistake in the properties of a construct. */
export function report(scope: Construct, code: ValidationCode, message: string): void {
  let errors = reported.get(scope);
  if (!errors) {
    errors = [];
    reported.set(scope, errors);
    const recorded = errors;
    scope.node.addValidation({ validate: () => recorded.map((error) => `${error.code}: ${error.detail}`) });
  }
  errors.push(new ValidationError(code, message, scope.node.path));
}

/** All mistakes below `root`, in tree order. */
export function validationErrors(root: IConstruct): ValidationError[] {
  return root.node.findAll().flatMap((construct) => [...(reported.get(construct) ?? []), ...brokenLater(construct)]);
}

/**
 * True for a plain value. False for an absent one, and for a token, whose value only Terraform
 * knows.
 */
export function isKnown<T>(value: T | undefined | null): value is T {
  return value !== undefined && value !== null && !Token.isUnresolved(value);
}

interface Range {
  readonly min: number;
  readonly max: number;
  /**
   * For the message, such as "seconds".
   * @default - no unit
   */
  readonly unit?: string;
  /**
   * Allows whole numbers only.
   * @default false
   */
  readonly integer?: boolean;
}

/** Rule: a number is within a range, both ends included. Absent and unresolved values pass. */
export function inRange(name: string, value: number | undefined, range: Range): Rule {
  const unit = range.unit ? ` ${range.unit}` : "";
  const kind = range.integer ? "a whole number " : "";
  return {
    code: "OutOfRange",
    broken:
      isKnown(value) && !(value >= range.min && value <= range.max && (!range.integer || Number.isInteger(value))),
    message: `${name} is ${value}${unit}; allowed is ${kind}from ${range.min} to ${range.max}${unit}`,
  };
}

/** Rule: a string matches a pattern. Absent and unresolved values pass. */
export function matches(name: string, value: string | undefined, pattern: RegExp, allowed: string): Rule {
  return {
    code: "InvalidValue",
    broken: isKnown(value) && !pattern.test(value),
    message: `${name} is "${value}"; allowed is ${allowed}`,
  };
}

/** Rule: a text has at most `max` bytes in UTF-8. Absent and unresolved values pass. */
export function inBytes(name: string, value: string | undefined, max: number): Rule {
  return inRange(name, isKnown(value) ? Buffer.byteLength(value) : undefined, { min: 0, max, unit: "bytes" });
}

/** Rule: a text has at most `max` Unicode characters. Absent and unresolved values pass. */
export function inCharacters(name: string, value: string | undefined, max: number): Rule {
  return inRange(name, isKnown(value) ? [...value].length : undefined, { min: 0, max, unit: "characters" });
}
