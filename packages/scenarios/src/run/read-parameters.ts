import { readFileSync } from "node:fs";
import { userPath } from "@cdktf-serverless-ml/cli";
import { InputError, type Scenario } from "../shared/scenario";

/** Parameters of what a stack runs, by name. */
export type Parameters = Readonly<Record<string, unknown>>;

/**
 * Reads `--parameters`: JSON, or the path of a file of JSON.
 *
 * @throws InputError
 */
export function readParameters(given: string): Parameters {
  const isInline = /^\s*[{[]/.test(given);
  let value: unknown;
  try {
    value = JSON.parse(isInline ? given : readFileSync(userPath(given), "utf8"));
  } catch (error) {
    throw new InputError(`--parameters ${given} cannot be read: ${(error as Error).message}. ${ALLOWED}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InputError(`--parameters ${given} is ${describe(value)}. ${ALLOWED}`);
  }
  return value as Parameters;
}

/**
 * A scenario whose runs get these parameters, besides those that it gives itself.
 *
 * @throws InputError for a scenario that has none
 */
export function withParameters(scenario: Scenario, parameters: Parameters): Scenario {
  if (scenario.withParameters) return scenario.withParameters(parameters);
  throw new InputError(`--parameters is for task pipelines; given a stack of the kind ${scenario.name}`);
}

const ALLOWED = `Allowed: an object of JSON, such as '{"epochs": 3}', or a file that holds one`;

function describe(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
