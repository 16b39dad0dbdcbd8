import type { Expression } from "./expression/parse";
import type { Value } from "./values";

/** A value as it is written, with its expressions parsed. */
export type Template =
  | { readonly kind: "constant"; readonly value: Value }
  | { readonly kind: "expression"; readonly expression: Expression }
  | { readonly kind: "list"; readonly items: readonly Template[] }
  | { readonly kind: "map"; readonly entries: readonly (readonly [Template, Template])[] };

export interface Assignment {
  readonly name: string;
  readonly keys: readonly Expression[];
  readonly value: Template;
}

export interface Condition {
  readonly condition: Template;
  readonly body: Body;
}

export interface Loop {
  readonly value: string;
  readonly index?: string;
  readonly over: { readonly list: Template } | { readonly range: Template };
  readonly steps: StepList;
}

export interface Parallel {
  readonly shared: readonly string[];
  readonly limit?: Template;
  readonly continueAll: boolean;
  readonly work: { readonly branches: readonly { name: string; steps: StepList }[] } | { readonly loop: Loop };
}

/** A name like `http.default_retry`, or the parts of a policy of one's own. */
export type Retry =
  | { readonly standard: string }
  | {
      readonly predicate: string;
      readonly maxRetries: Template;
      readonly initialDelay: Template;
      readonly maxDelay: Template;
      readonly multiplier: Template;
    };

export interface Try {
  readonly body: Body;
  readonly retry?: Retry;
  readonly except?: { readonly as: string; readonly body: Body };
}

export type Action =
  | { readonly kind: "none" }
  | { readonly kind: "assign"; readonly assignments: readonly Assignment[] }
  | {
      readonly kind: "call";
      readonly function: string;
      readonly args: readonly (readonly [string, Template])[];
      readonly result?: string;
    }
  | { readonly kind: "switch"; readonly conditions: readonly Condition[] }
  | { readonly kind: "for"; readonly loop: Loop }
  | { readonly kind: "parallel"; readonly parallel: Parallel }
  | { readonly kind: "try"; readonly attempt: Try }
  | { readonly kind: "raise"; readonly value: Template }
  | { readonly kind: "return"; readonly value: Template }
  | { readonly kind: "steps"; readonly steps: StepList };

/** An action, and the step that follows. */
export interface Body {
  readonly action: Action;
  /** A step's name, or `end`, `break`, `continue`. */
  readonly next?: string;
}

export interface Step extends Body {
  readonly name: string;
}

export interface StepList {
  readonly steps: readonly Step[];
  readonly index: ReadonlyMap<string, number>;
}

export interface Parameter {
  readonly name: string;
  /** Absent: the parameter must be given. */
  readonly default?: Value;
}

export interface Routine {
  readonly name: string;
  readonly params: readonly Parameter[];
  readonly steps: StepList;
}

export interface Definition {
  readonly routines: ReadonlyMap<string, Routine>;
  readonly main: Routine;
}

/** What is wrong with a definition, each with the path to it: `main.read.try.call`. */
export class Problems {
  readonly found: string[] = [];

  add(path: readonly (string | number)[], message: string): void {
    this.found.push(path.length === 0 ? message : `${path.join(".")}: ${message}`);
  }
}
