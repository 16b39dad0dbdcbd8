import type { Invocation, InvocationResult } from "../../src/core/emulator";
import { LoadError } from "../../src/core/load-error";
import { cloudWorkflows, type Execution } from "../../src/workflows";
import { context, type TestContext } from "../support/context";

export const CALLER = { email: "caller@p" };
export const WORKFLOW = "projects/p/locations/us-central1/workflows/w";

export function workflowResource(source: string, attributes: object = {}) {
  return {
    address: "google_workflows_workflow.w",
    type: "google_workflows_workflow",
    attributes: {
      name: "w",
      region: "us-central1",
      service_account: "projects/p/serviceAccounts/worker@p",
      source_contents: source,
      ...attributes,
    },
  };
}

export interface Run {
  readonly execution: Execution;
  /** Parsed. */
  readonly result: unknown;
  readonly error: unknown;
  readonly around: TestContext;
}

/** Executes a definition, letting an hour pass. */
export async function run(
  source: string,
  {
    argument,
    answer,
    variables = {},
    wait = 3_600_000,
  }: {
    argument?: unknown;
    answer?: (invocation: Invocation) => Promise<InvocationResult>;
    variables?: Record<string, string>;
    wait?: number;
  } = {},
): Promise<Run> {
  const around = context({ answer });
  const emulator = cloudWorkflows.create(around, [workflowResource(source, { user_env_vars: variables })]);
  const execution = emulator.execute(CALLER, WORKFLOW, argument === undefined ? "" : JSON.stringify(argument));
  await around.clock.advance(wait);
  const { result, error } = execution;
  return {
    execution,
    around,
    result: result === undefined ? undefined : JSON.parse(result),
    error: error && JSON.parse(error.payload),
  };
}

/** The value of an expression, or what it raises. */
export async function evaluated(expression: string, argument: unknown = {}): Promise<unknown> {
  const source = `main:\n  params: [a]\n  steps:\n    - one:\n        return: ${JSON.stringify(`\${${expression}}`)}\n`;
  const { execution, result, error } = await run(source, { argument });
  return execution.state === "SUCCEEDED" ? result : { raised: error };
}

/** Why a definition is refused. */
export function refusals(source: string, attributes: object = {}): readonly string[] {
  try {
    cloudWorkflows.create(context(), [workflowResource(source, attributes)]);
  } catch (error) {
    if (error instanceof LoadError)
      return error.reasons.map((reason) => reason.replace(/^google_workflows_workflow\.w: /, ""));
    throw error;
  }
  return [];
}

export function reply(
  status: number,
  body: unknown = undefined,
  headers: Record<string, string> = {},
): InvocationResult {
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  return { status, headers: { "content-type": "application/json", ...headers }, body: Buffer.from(text) };
}
