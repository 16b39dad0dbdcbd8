import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { configurationOf } from "./configuration";
import { Evaluation } from "./evaluation";
import { isBlock, type Json } from "./json";
import type { Stack } from "./model";
import { parseJson, type Value } from "./values";

/**
 * A folder without a synthesized stack: it has no `cdk.tf.json`, or the file is not Terraform JSON.
 */
export class StackError extends Error {}

/**
 * Reads a synthesized stack. Evaluates its expressions and reports by name all that cannot be
 * evaluated.
 *
 * @param folder the folder with `cdk.tf.json`
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

/** Evaluates parsed JSON. @param where the name and the folder of the stack */
export function evaluateStack(json: Json | Json[], where: { name: string; folder: string }): Stack {
  return new Evaluation(configurationOf(json)).stack(where);
}
