import type { Construct } from "constructs";
import { literals } from "../core/terraform-text";
import { check, type Rule } from "../core/validation";

/** Variables that Cloud Run itself sets in each container. */
const RUNTIME = ["K_CONFIGURATION", "K_REVISION", "K_SERVICE", "PORT"];

/** Variables that Cloud Functions sets. */
export const SET_BY_FUNCTIONS: ReadonlySet<string> = new Set([
  ...RUNTIME,
  "ENTRY_POINT",
  "FUNCTION_SIGNATURE_TYPE",
  "FUNCTION_TARGET",
]);

/**
 * Variables that Cloud Run sets in services, jobs and worker pools. Source:
 * https://cloud.google.com/run/docs/container-contract#env-vars
 */
export const SET_BY_CLOUD_RUN: ReadonlySet<string> = new Set([
  ...RUNTIME,
  "CLOUD_RUN_EXECUTION",
  "CLOUD_RUN_JOB",
  "CLOUD_RUN_REVISION",
  "CLOUD_RUN_TASK_ATTEMPT",
  "CLOUD_RUN_TASK_COUNT",
  "CLOUD_RUN_TASK_INDEX",
  "CLOUD_RUN_WORKER_POOL",
]);

/** The environment variables of a function or a container. They are written sorted by name. */
export class Environment {
  private readonly variables: Record<string, string> = {};

  /**
   * @param reserved variables that cannot be set
   * @param write sets all variables of the resource, escaped for Terraform
   * @param defaults variables that are there unless they are set
   */
  constructor(
    private readonly scope: Construct,
    private readonly reserved: ReadonlySet<string>,
    private readonly write: (variables: Record<string, string>) => void,
    private readonly defaults: Readonly<Record<string, string>> = {},
  ) {}

  /** Sets a variable. Reports ReservedVariable and InvalidValue. */
  set(key: string, value: string): void {
    check(this.scope, [...nameRules(key, this.reserved), this.notSetTwice(key, value)]);
    this.variables[key] = value;
    this.write(literals(sorted({ ...this.defaults, ...this.variables })));
  }

  private notSetTwice(key: string, value: string): Rule {
    const before = this.variables[key];
    return {
      code: "InvalidValue",
      broken: before !== undefined && before !== value,
      message: `environment variable ${key} is set already, to another value`,
    };
  }
}

/** Rules for the name of an environment variable. */
export function nameRules(key: string, reserved: ReadonlySet<string>): Rule[] {
  return [
    {
      code: "ReservedVariable",
      broken: reserved.has(key) || key.startsWith("X_GOOGLE_"),
      message: `environment variable ${key} is set by Cloud Run itself; choose another name`,
    },
    {
      code: "InvalidValue",
      broken: !/^[A-Za-z_][A-Za-z0-9_]*$/.test(key),
      message: `environment variable is named "${key}"; allowed are A-Z, a-z, 0-9 and _, not beginning with a digit`,
    },
  ];
}

function sorted(map: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}
