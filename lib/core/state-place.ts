import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/** A backend's type and configuration. */
type Backend = readonly [type: string, config: { readonly path?: unknown; readonly prefix?: unknown }];

/**
 * Path of a stack's local state file, relative to `cdktf.out/stacks/<stack>`, where Terraform runs.
 */
export function stateFile(environment: string, stack: string): string {
  return `../../../terraform.${environment}.${stack}.tfstate`;
}

/** Prefix of a stack's state in the state bucket. */
export function statePrefix(environment: string, stack: string): string {
  return `${environment}/${stack}`;
}

/**
 * Makes Terraform forget that a stack's folder was initialized for another environment. Terraform
 * keeps the backend of the last initialization in `.terraform/terraform.tfstate`. Where the JSON
 * has another one, Terraform stops and proposes `-migrate-state`, which would copy one
 * environment's state to the other. The file holds no state: `terraform init`, which cdktf's
 * command line always runs, writes it again.
 *
 * Another backend of the same environment is left alone. There the state must move along, as
 * Terraform says.
 *
 * @param folder of the stack: `cdktf.out/stacks/<stack>`
 * @param now the backend in the stack's JSON
 * @returns the environment before, or undefined where nothing was removed
 */
export function forgetOtherEnvironment(
  folder: string,
  stack: string,
  now: Readonly<Record<string, unknown>>,
): string | undefined {
  const file = join(folder, ".terraform", "terraform.tfstate");
  const before = environmentOf(initializedWith(file), stack);
  const wanted = environmentOf(Object.entries(now)[0] as Backend | undefined, stack);
  if (before === undefined || wanted === undefined || before === wanted) return undefined;
  rmSync(file);
  return before;
}

/** Undefined where nothing is initialized, or in an unknown format. */
function initializedWith(file: string): Backend | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const { backend } = JSON.parse(readFileSync(file, "utf8")) as { backend: { type: string; config: Backend[1] } };
    return [backend.type, backend.config];
  } catch {
    return undefined;
  }
}

/** Undefined for a backend that is not ours. */
function environmentOf(backend: Backend | undefined, stack: string): string | undefined {
  if (!backend) return undefined;
  const [type, { path, prefix }] = backend;
  const [place, placeOf] = type === "local" ? [path, stateFile] : [prefix, statePrefix];
  const [start = "", end = ""] = placeOf("\n", stack).split("\n");
  if (typeof place !== "string" || !place.startsWith(start) || !place.endsWith(end)) return undefined;
  return place.slice(start.length, place.length - end.length) || undefined;
}
