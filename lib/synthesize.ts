import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  AnnotationMetadataEntryType,
  type App,
  Manifest,
  TerraformDataSource,
  type TerraformElement,
  TerraformRemoteState,
  TerraformResource,
  TerraformStack,
} from "cdktf";
import type { IConstruct } from "constructs";
import { jsonFindings, machineFolders, type StackJson } from "./core/json-check";
import { forgetOtherEnvironment } from "./core/state-place";
import { ValidationError, ValidationErrors, validationErrors } from "./core/validation";

/**
 * Synthesizes an app. First it reports all mistakes at once, then it writes the stacks and checks
 * their JSON. After an error no JSON is left, so that none is mistaken for a result.
 *
 * Where a stack's folder was initialized for another environment, Terraform initializes it again,
 * with the state of the new environment. Warnings go to stderr.
 *
 * @throws ValidationErrors where Google would refuse a value, or two stacks need each other
 * @throws Error where the written JSON has faults, or cdktf finds some
 */
export function synthesize(app: App): void {
  discardJson(app.outdir);
  try {
    const errors = validationErrors(app);
    if (errors.length > 0) throw new ValidationErrors(errors);
    app.synth();
    switchEnvironments(app, checkJson(app));
    printWarnings(app);
  } catch (error) {
    discardJson(app.outdir);
    throw circular(error) ?? error;
  }
}

/** cdktf's error about stacks that need each other, with what to do about it. */
function circular(error: unknown): ValidationErrors | undefined {
  const stacks = /Cannot add dependency (\S+) to (\S+), because it would cause a circular dependency/.exec(
    error instanceof Error ? error.message : "",
  );
  if (!stacks) return undefined;
  const [, one, other = ""] = stacks;
  return new ValidationErrors([
    new ValidationError(
      "OtherStack",
      `the stacks ${one} and ${other} need values of each other; in one of them import what the other has by name: Bucket.fromName, Topic.fromName, externalGrantee("serviceAccount:…")`,
      other,
    ),
  ]);
}

function stacksOf(app: App): TerraformStack[] {
  return app.node.findAll().filter((construct) => TerraformStack.isStack(construct)) as TerraformStack[];
}

/**
 * This path does not come from the manifest: an entry made before synth would stay without the
 * stack's dependencies.
 */
function jsonFile(app: App, stack: TerraformStack): string {
  return join(app.outdir, Manifest.stacksFolder, stack.node.id, "cdk.tf.json");
}

/**
 * Removes the manifest and the JSON of all stacks of an earlier synthesis, so that after an error
 * they are not mistaken for a result. Provider folders, lock files and local states stay.
 */
export function discardJson(outdir: string): void {
  rmSync(join(outdir, "manifest.json"), { force: true });
  const folder = join(outdir, "stacks");
  if (!existsSync(folder)) return;
  for (const stack of readdirSync(folder)) rmSync(join(folder, stack, "cdk.tf.json"), { force: true });
}

/** Backend of a stack, by its kind. */
type Backend = NonNullable<NonNullable<StackJson["terraform"]>["backend"]>;

/** @returns the backend of each stack. @throws Error for faults of the JSON */
function checkJson(app: App): Map<TerraformStack, Backend> {
  const folders = machineFolders(app.outdir);
  const findings: string[] = [];
  const backends = new Map<TerraformStack, Backend>();
  for (const stack of stacksOf(app)) {
    const json = JSON.parse(readFileSync(jsonFile(app, stack), "utf8")) as StackJson;
    backends.set(stack, json.terraform?.backend ?? {});
    const found = [...jsonFindings(json, folders), ...idFindings(stack)];
    findings.push(...found.map((finding) => `[${stack.node.path}] ${finding}`));
  }
  if (findings.length > 0)
    throw new Error(`the synthesized JSON has faults:\n${findings.map((finding) => `  ${finding}`).join("\n")}`);
  return backends;
}

/** cdktf's command line alone prints the warnings of constructs. */
function printWarnings(app: App): void {
  for (const { node } of app.node.findAll()) {
    for (const { type, data } of node.metadata) {
      if (type === AnnotationMetadataEntryType.WARN) console.error(`warning: [${node.path}] ${data}`);
    }
  }
}

function switchEnvironments(app: App, backends: ReadonlyMap<TerraformStack, Backend>): void {
  for (const [{ node }, backend] of backends) {
    const before = forgetOtherEnvironment(join(app.outdir, Manifest.stacksFolder, node.id), node.id, backend);
    if (before !== undefined)
      console.error(
        `${node.id}: Terraform was initialized here for the environment ${before}, and will be for another one; the state of ${before} stays where it is`,
      );
  }
}

/**
 * The Terraform address of a construct that has one. A reference to another stack is a remote
 * state.
 */
function addressOf(construct: IConstruct): string | undefined {
  if (construct instanceof TerraformResource) return `${construct.terraformResourceType}.${construct.friendlyUniqueId}`;
  if (construct instanceof TerraformDataSource)
    return `data.${construct.terraformResourceType}.${construct.friendlyUniqueId}`;
  if (construct instanceof TerraformRemoteState) return `data.terraform_remote_state.${construct.friendlyUniqueId}`;
  return undefined;
}

/**
 * Finds what cdktf does silently. Of two resources whose ids differ only in characters that it
 * drops, it makes one. An `overrideLogicalId` has no effect once an attribute of the resource was
 * read.
 */
function idFindings(stack: TerraformStack): string[] {
  const owners = new Map<string, IConstruct>();
  return stack.node.findAll().flatMap((construct) => {
    const address = addressOf(construct);
    if (address === undefined) return [];
    const owner = owners.get(address);
    owners.set(address, construct);
    return [
      ...(owner
        ? [`[${owner.node.path}] and [${construct.node.path}] are one resource, ${address}; give one another id`]
        : []),
      ...lateOverride(construct as TerraformElement),
    ];
  });
}

function lateOverride(element: TerraformElement): string[] {
  // cdktf has no getter for it. Where the field has another name, nothing is found.
  const { _logicalIdOverride: wanted } = element as unknown as { readonly _logicalIdOverride?: string };
  const id = element.friendlyUniqueId;
  return wanted === undefined || wanted === id
    ? []
    : [
        `[${element.node.path}] has the logical id ${id}: overrideLogicalId("${wanted}") came after other resources had referred to it; keep the id and move what is deployed, by terraform state mv or a moved block`,
      ];
}
