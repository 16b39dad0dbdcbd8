import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { ProviderDefaults } from "./computed";
import { configurationOf } from "./configuration";
import { Evaluation } from "./evaluation";
import { isBlock, type Json } from "./json";
import { parseJson, type Value } from "./values";

/** Something in a stack that is not understood, or that cannot have a value. */
export interface Finding {
  /** `google_cloud_tasks_queue.batch`, `data.google_project.this`, `output.url`, or a top-level name. */
  readonly address: string;
  /** Such as `http_target.uri_override.host`; empty where it is the whole. */
  readonly attribute: string;
  /** The expression, as the JSON has it. */
  readonly expression?: string;
  readonly why: string;
}

/** A resource or data source, with all expressions evaluated. */
export interface StackResource {
  /** `google_cloud_tasks_queue.batch_queue_1A2B3C4D`, data sources with `data.` before it. */
  readonly address: string;
  readonly type: string;
  /** The id within its type. */
  readonly id: string;
  /** What is configured and, beside it, what Google and the provider compute (`computed.ts`). */
  readonly attributes: Readonly<Record<string, Value>>;
  /** Paths of the attributes that are configured, blocks with dots and without indices. */
  readonly configured: readonly string[];
  /** Addresses of what it refers to or depends on, each once, sorted. */
  readonly dependsOn: readonly string[];
  /** The path in the construct tree, where cdktf wrote one. */
  readonly path?: string;
}

export interface Stack {
  readonly name: string;
  /** Absolute path of the folder; relative sources lie in it. */
  readonly folder: string;
  readonly defaults: ProviderDefaults;
  readonly projectNumber: string;
  readonly resources: readonly StackResource[];
  readonly data: readonly StackResource[];
  readonly outputs: Readonly<Record<string, Value>>;
  /** Values of variables and outputs that are marked as sensitive. */
  readonly sensitive: readonly Value[];
  /** The `moved` blocks. */
  readonly moved: readonly Readonly<Record<string, Value>>[];
  readonly findings: readonly Finding[];
}

/** A folder that is not a synthesized stack: no `cdk.tf.json`, or one that is not JSON of Terraform's shape. */
export class StackError extends Error {}

/**
 * Reads a synthesized stack: evaluates what can be evaluated and reports everything else, completely and by name.
 *
 * @param folder holds `cdk.tf.json`.
 * @throws StackError
 */
export function readStack(folder: string): Stack {
  const file = join(folder, "cdk.tf.json");
  if (!existsSync(file)) throw new StackError(`there is no ${file}`);
  let json: Value;
  try {
    json = parseJson(readFileSync(file, "utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new StackError(`${file} is not JSON: ${(error as Error).message}`);
  }
  const files: Value[] = Array.isArray(json) ? json : [json];
  if (!files.every(isBlock)) throw new StackError(`${file} is not an object, nor a list of objects`);
  const name = files.map((each) => each["//"]?.metadata?.stackName).find((each) => each !== undefined);
  return evaluateStack(json, { name: typeof name === "string" ? name : basename(resolve(folder)), folder });
}

/** The same for JSON at hand. @param where name and folder of the stack. */
export function evaluateStack(json: Json | Json[], where: { name: string; folder: string }): Stack {
  return new Evaluation(configurationOf(json)).stack(where);
}
