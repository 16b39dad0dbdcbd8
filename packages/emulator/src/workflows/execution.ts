import { randomUUID } from "node:crypto";
import { ApiError } from "../core/api-error";
import type { Caller, EmulatorContext, Hop } from "../core/emulator";
import type { Wire } from "../core/values";
import { ExecutionContext } from "./context";
import { Cancelled, RaisedError } from "./errors";
import { Interpreter } from "./interpreter";
import { parseJson, toJson, type Value } from "./values";
import { CALL_LOG_LEVELS, type CallLogLevel, type Workflow } from "./workflow";

/** Source: google/cloud/workflows/executions/v1/executions.proto. */
const STATES = { ACTIVE: 1, SUCCEEDED: 2, FAILED: 3, CANCELLED: 4 } as const;

/** Bytes. */
const MAX_ARGUMENT = 32 * 1024;
/** Characters of an argument that a hop shows. */
const SHOWN = 200;

const REVISION = "000001-000";

interface ExecutionError {
  readonly payload: string;
  readonly context: string;
  readonly stackTrace: { readonly elements: readonly object[] };
}

/** An execution, for people. */
export interface ExecutionState {
  readonly id: string;
  readonly workflow: string;
  readonly state: keyof typeof STATES;
  /** Milliseconds since 1970. */
  readonly started: number;
  readonly ended?: number;
  readonly step: { readonly routine: string; readonly step: string };
  /** JSON; empty for none. */
  readonly argument: string;
  /** JSON. */
  readonly result?: string;
  readonly error?: string;
}

export interface NewExecution {
  /** JSON. */
  readonly argument: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Instead of the workflow's. */
  readonly callLogLevel?: CallLogLevel;
}

/** One run of a workflow. */
export class Execution {
  readonly id = randomUUID();
  readonly name: string;
  readonly started: number;
  state: keyof typeof STATES = "ACTIVE";
  /** JSON, once it has succeeded. */
  result?: string;
  error?: ExecutionError;
  private ended?: number;
  private readonly abort = new AbortController();
  private readonly interpreter: Interpreter;
  private readonly executionContext: ExecutionContext;
  private readonly argument: Value;

  /** @throws ApiError INVALID_ARGUMENT for an argument that is not JSON or longer than 32 KB */
  constructor(
    private readonly context: EmulatorContext,
    private readonly workflow: Workflow,
    private readonly given: NewExecution,
    private readonly caller: Caller,
  ) {
    this.argument = readArgument(given.argument);
    this.started = context.clock.now();
    this.name = `${workflow.name}/executions/${this.id}`;
    const { callLogLevel = "CALL_LOG_LEVEL_UNSPECIFIED" } = given;
    const level = callLogLevel === "CALL_LOG_LEVEL_UNSPECIFIED" ? workflow.callLogLevel : callLogLevel;
    this.executionContext = new ExecutionContext(context, workflow, this.id, REVISION, level);
    this.interpreter = new Interpreter(workflow.definition, this.executionContext);
  }

  async run(): Promise<void> {
    this.hop("ACTIVE", { detail: shortened(this.given.argument) });
    try {
      const value = await this.interpreter.run(this.argument, this.abort.signal);
      this.end("SUCCEEDED", { result: resultOf(value) });
    } catch (error) {
      if (error instanceof RaisedError) this.end("FAILED", { error: errorOf(error) });
      else if (!(error instanceof Cancelled)) {
        const failure = new RaisedError(new Map([["message", String(error)]]));
        this.end("FAILED", { error: errorOf(failure) });
      }
    }
  }

  /** What it took of its limits: steps, and the most bytes of variables that it ever held. */
  get used(): { readonly steps: number; readonly memory: number } {
    return this.interpreter.used;
  }

  /** HTTP requests to hosts that are not Google's, which are steps of another price. */
  get externalCalls(): number {
    return this.executionContext.externalCalls;
  }

  /** What a person sees of it. */
  view(): ExecutionState {
    const { id, state, started, ended, given, result, error } = this;
    return {
      id,
      workflow: this.workflow.id,
      state,
      started,
      ...(ended !== undefined && { ended }),
      step: this.interpreter.current,
      argument: given.argument,
      ...(result !== undefined && { result }),
      ...(error && { error: error.context }),
    };
  }

  /** @returns false if it has ended */
  cancel(): boolean {
    if (this.state !== "ACTIVE") return false;
    this.abort.abort();
    this.end("CANCELLED", {});
    return true;
  }

  resource(wire: Wire, full: boolean): object {
    const { started, ended, given, error, result } = this;
    const basic = {
      name: this.name,
      startTime: wire.time(started),
      ...(ended !== undefined && { endTime: wire.time(ended) }),
      duration: wire.duration((ended ?? this.context.clock.now()) - started),
      state: wire.enumeration(this.state, STATES),
      workflowRevisionId: REVISION,
    };
    if (!full) return basic;
    return {
      ...basic,
      ...(given.argument && { argument: given.argument }),
      ...(result !== undefined && { result }),
      ...(error && { error }),
      ...(given.callLogLevel && { callLogLevel: wire.enumeration(given.callLogLevel, CALL_LOG_LEVELS) }),
      status: { currentSteps: [this.interpreter.current] },
      labels: { ...this.workflow.labels, ...given.labels },
    };
  }

  private end(state: "SUCCEEDED" | "FAILED" | "CANCELLED", outcome: { result?: string; error?: ExecutionError }): void {
    if (this.state !== "ACTIVE") return;
    this.state = state;
    this.ended = this.context.clock.now();
    Object.assign(this, outcome);
    this.hop(outcome.error ? `${state}: ${outcome.error.payload}` : state, { duration: this.ended - this.started });
  }

  private hop(status: string, more: Pick<Hop, "duration" | "detail">): void {
    const to = `workflow ${this.workflow.id}`;
    const what = `execution ${this.id}`;
    this.context.recorder.hop({ from: this.caller.email ?? "nobody", to, what, status, ...more });
  }
}

/** The beginning of an argument, which shows what an execution is for. */
function shortened(argument: string): string | undefined {
  return argument.length > SHOWN ? `${argument.slice(0, SHOWN - 1)}…` : argument || undefined;
}

function readArgument(argument: string): Value {
  const bytes = Buffer.byteLength(argument);
  if (bytes > MAX_ARGUMENT)
    throw new ApiError("INVALID_ARGUMENT", `The argument has ${bytes} bytes; allowed: ${MAX_ARGUMENT}`);
  if (argument === "") return null;
  try {
    return parseJson(argument);
  } catch (error) {
    throw new ApiError("INVALID_ARGUMENT", `Execution argument is not valid JSON: ${(error as Error).message}`);
  }
}

/** @throws RaisedError for bytes, which cannot be returned */
function resultOf(value: Value): string {
  try {
    return toJson(value);
  } catch (error) {
    throw new RaisedError(
      new Map<string, Value>([
        ["message", (error as Error).message],
        ["tags", ["TypeError"]],
      ]),
    );
  }
}

function errorOf(error: RaisedError): ExecutionError {
  const elements = error.steps.map((step) => {
    const [, name, routine] = /^step "(.*)", routine "(.*)"$/.exec(step) ?? [];
    return { step: name, routine };
  });
  return {
    payload: payloadOf(error.value),
    context: [error.message, ...error.steps.map((step) => `in ${step}`)].join("\n"),
    stackTrace: { elements },
  };
}

/** JSON; bytes in it, such as a body, as base64. */
function payloadOf(value: Value): string {
  if (Buffer.isBuffer(value)) return JSON.stringify(value.toString("base64"));
  if (!(value instanceof Map)) return toJson(value);
  const parts = [...value].map(([key, part]): [string, Value] => [
    key,
    Buffer.isBuffer(part) ? part.toString("base64") : part,
  ]);
  return toJson(new Map(parts));
}
