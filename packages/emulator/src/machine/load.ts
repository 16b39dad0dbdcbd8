import { readStack, type Stack, type StackResource } from "@cdktf-serverless-ml/terraform-json";
import type { Simulated } from "../core/emulator";
import { LoadError } from "../core/load-error";
import { type Binding, defaultBindings, readBindings } from "../iam";
import { DESCRIPTIONS } from "../services";
import { DATA_SOURCES, isSimulated, PASSIVE, WITHOUT_EFFECT } from "./passive";

export interface Loaded {
  readonly stack: Stack;
  /** Of the stack, and of Google's agents. */
  readonly bindings: readonly Binding[];
  /** Notices about what the stack asks for and a run does without. */
  readonly notices: readonly string[];
}

/**
 * Reads a stack and checks that all of it can run here.
 *
 * @param folder holds `cdk.tf.json`.
 * @param outputsOf the outputs by which the stack is used.
 * @default - its own
 * @throws StackError without a stack, LoadError with every resource, attribute and expression that
 *   is not simulated
 */
export function load(folder: string, outputsOf: (stack: Stack) => Stack["outputs"] = ({ outputs }) => outputs): Loaded {
  const stack = readStack(folder);
  const known = merged([
    ...DESCRIPTIONS.map(({ simulated }) => simulated),
    ...WITHOUT_EFFECT.map(({ attributes }) => attributes),
  ]);
  const { bindings, problems } = readBindings(
    // An expression without a value has been reported already.
    stack.resources.filter(({ address }) => !stack.findings.some((finding) => finding.address === address)),
    stack.defaults.project,
  );
  const reasons = [
    ...stack.findings.map(({ address, attribute, expression, why }) =>
      reason(address, attribute, `${why}${expression === undefined ? "" : ` (${shortened(expression)})`}`),
    ),
    ...stack.data.filter(({ type }) => !DATA_SOURCES.includes(type)).map(({ address }) => `${address}: not simulated`),
    ...stack.resources.flatMap((resource) => unsimulated(resource, known)),
    ...problems.map(({ address, attribute, why }) => reason(address, attribute, why)),
  ];
  if (reasons.length > 0) throw new LoadError(reasons);
  return {
    stack: { ...stack, outputs: outputsOf(stack) },
    bindings: [...bindings, ...defaultBindings(stack.defaults.project, stack.projectNumber)],
    notices: noticesOf(stack.resources),
  };
}

/** Attributes of a type from all that name it. */
function merged(all: readonly Simulated[]): Simulated {
  const known: Record<string, string[]> = {};
  for (const [type, attributes] of all.flatMap(Object.entries<readonly string[]>)) {
    known[type] = [...(known[type] ?? []), ...attributes];
  }
  return known;
}

function unsimulated({ address, type, configured }: StackResource, known: Simulated): string[] {
  if (Object.hasOwn(PASSIVE, type)) return [];
  if (!Object.hasOwn(known, type)) return [`${address}: ${type} is not simulated`];
  return configured
    .filter((path) => !isSimulated(known, type, path))
    .map((path) => reason(address, path, "not simulated"));
}

function reason(address: string, attribute: string, why: string): string {
  return `${address}${attribute === "" ? "" : `: ${attribute}`}: ${why}`;
}

function shortened(expression: string): string {
  return expression.length > 100 ? `${expression.slice(0, 99)}…` : expression;
}

/** Which resources ask for what has no effect here. One sentence for each reason. */
function noticesOf(resources: readonly StackResource[]): string[] {
  return WITHOUT_EFFECT.flatMap(({ why, attributes }) => {
    const using = resources.filter(({ type, configured }) =>
      attributes[type]?.some((path) => configured.some((each) => each === path || each.startsWith(`${path}.`))),
    );
    const [first, ...more] = using.map(({ address }) => address);
    return first === undefined ? [] : [`${why} (${first}${more.length > 0 ? ` and ${more.length} more` : ""})`];
  });
}
