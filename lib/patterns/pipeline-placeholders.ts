import type { Rule } from "../core/validation";

/** What a step knows when its job starts. */
export interface PlaceholderScope {
  /** Whether steps come before it, whose outputs are its inputs. */
  readonly hasInputs: boolean;
  /** Whether it runs for each element of a list. */
  readonly hasElements: boolean;
}

/** As `functions/pipeline-job/placeholders.ts` has them. */
const PLACEHOLDER = /\{([a-z]+)(\.[A-Za-z0-9_.-]+)?\}/g;

/** Rules for the placeholders in all strings of a job. */
export function placeholderRules(step: string, job: object, scope: PlaceholderScope): Rule[] {
  const used = new Set(
    textsIn(job).flatMap((text) => [...text.matchAll(PLACEHOLDER)].map(([placeholder]) => placeholder)),
  );
  const allowed = [
    "{run}",
    "{step}",
    ...(scope.hasElements ? ["{index}", "{element}"] : []),
    "{output}",
    ...(scope.hasInputs ? ["{inputs.<name>}"] : []),
    "{parameters.<name>}",
  ];
  return [...used].map((placeholder) => ({
    code: "InvalidValue",
    broken: !allowed.includes(placeholder.replace(/\.[^}]+/, ".<name>")),
    message: `the job of step "${step}" has the placeholder ${placeholder}; allowed are ${allowed.join(", ")}`,
  }));
}

/** Rules for the environment variables of a job's container. */
export function ownVariableRules(step: string, variables: Readonly<Record<string, string>> = {}): Rule[] {
  return Object.keys(variables).map((key) => ({
    code: "ReservedVariable",
    broken: key.startsWith("PIPELINE_"),
    message: `the job of step "${step}" has the environment variable ${key}; variables that begin with PIPELINE_ tell it what to work on`,
  }));
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
