import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  type App,
  Manifest,
  TerraformDataSource,
  TerraformRemoteState,
  TerraformResource,
  TerraformStack,
} from "cdktf";
import { jsonFindings, type StackJson } from "./core/json-check";
import { ValidationErrors, validationErrors } from "./core/validation";

/**
 * Synthesizes an app: first everything that is wrong with it is reported at once, then the stacks are written and the
 * JSON is checked. After an error there is no JSON that could be taken for good.
 *
 * @throws ValidationErrors where constructs were given values that Google refuses
 * @throws Error where the written JSON has faults, or where cdktf finds some
 */
export function synthesize(app: App): void {
  discardJson(app.outdir);
  try {
    const errors = validationErrors(app);
    if (errors.length > 0) throw new ValidationErrors(errors);
    app.synth();
    checkJson(app);
  } catch (error) {
    discardJson(app.outdir);
    throw error;
  }
}

function stacksOf(app: App): TerraformStack[] {
  return app.node.findAll().filter((construct) => TerraformStack.isStack(construct)) as TerraformStack[];
}

/** Not asked of the manifest: an entry made before synth would stay without the stack's dependencies. */
function jsonFile(app: App, stack: TerraformStack): string {
  return join(app.outdir, Manifest.stacksFolder, stack.node.id, "cdk.tf.json");
}

/**
 * Removes what an earlier synthesis wrote, so that after an error it cannot be taken for the result: the manifest and the
 * JSON of all stacks. Provider folders, lock files and local states stay.
 */
export function discardJson(outdir: string): void {
  rmSync(join(outdir, "manifest.json"), { force: true });
  const folder = join(outdir, "stacks");
  if (!existsSync(folder)) return;
  for (const stack of readdirSync(folder)) rmSync(join(folder, stack, "cdk.tf.json"), { force: true });
}

function checkJson(app: App): void {
  const findings = stacksOf(app).flatMap((stack) => {
    const json = JSON.parse(readFileSync(jsonFile(app, stack), "utf8")) as StackJson;
    return [...jsonFindings(json), ...mergedIds(stack, json)].map((finding) => `[${stack.node.path}] ${finding}`);
  });
  if (findings.length > 0)
    throw new Error(`the synthesized JSON has faults:\n${findings.map((finding) => `  ${finding}`).join("\n")}`);
}

/** What has an entry under `resource` or `data`; a reference to another stack is a remote state. */
const KINDS = [TerraformResource, TerraformDataSource, TerraformRemoteState];

/** cdktf silently makes one resource of two whose ids differ only in characters that it drops. */
function mergedIds(stack: TerraformStack, json: StackJson): string[] {
  const constructs = stack.node.findAll().filter((construct) => KINDS.some((kind) => construct instanceof kind)).length;
  const entries = [json.resource, json.data]
    .flatMap((types) => Object.values(types ?? {}))
    .reduce((sum, byId) => sum + Object.keys(byId).length, 0);
  return constructs === entries
    ? []
    : [`${constructs} resources gave ${entries} entries: two construct paths have the same logical id`];
}
