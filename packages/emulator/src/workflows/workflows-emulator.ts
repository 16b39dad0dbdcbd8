import { ApiError } from "../core/api-error";
import type { Charge } from "../core/billing";
import type { Caller, EmulatorContext, EvaluatedResource } from "../core/emulator";
import { LoadProblems } from "../core/load-error";
import { pageOf } from "../core/page";
import type { Call } from "../core/rpc";
import type { Emulator } from "../core/service";
import { isUnset, readEnum, readText, readTexts, rejectUnknownFields } from "../core/values";
import { Execution, type ExecutionState } from "./execution";
import { CALL_LOG_LEVELS, readWorkflow, type Workflow } from "./workflow";

const VIEWS = { EXECUTION_VIEW_UNSPECIFIED: 0, BASIC: 1, FULL: 2 } as const;

/** Executions of a page. Source: executions.proto, `ListExecutionsRequest.page_size`. */
const DEFAULT_PAGE = 100;
const MAX_PAGE = { BASIC: 1000, FULL: 100 };

/** Workflows: executes definitions. What it does and does not: FIDELITY.md. */
export class WorkflowsEmulator implements Emulator {
  /** Methods and paths: google/cloud/workflows/executions/v1/executions.proto. */
  readonly handlers = {
    CreateExecution: (call: Call) => this.create(call),
    GetExecution: (call: Call) => this.get(call),
    ListExecutions: (call: Call) => this.page(call),
    CancelExecution: (call: Call) => this.cancel(call),
  };
  private readonly workflows = new Map<string, Workflow>();
  private readonly executions = new Map<string, Execution>();
  private readonly active = new Set<Execution>();

  /**
   * @throws LoadError naming everything in the definitions that is wrong or not simulated, by its
   *   path
   */
  constructor(
    private readonly context: EmulatorContext,
    resources: readonly EvaluatedResource[],
  ) {
    const problems = new LoadProblems();
    for (const resource of resources.filter(({ type }) => type === "google_workflows_workflow")) {
      const workflow = readWorkflow(resource, context, (reason) => problems.add(resource.address, reason));
      if (workflow) this.workflows.set(workflow.name, workflow);
    }
    problems.throwIfAny();
  }

  pending(): number {
    return [...this.active].filter(({ state }) => state === "ACTIVE").length;
  }

  stop(): void {
    for (const execution of this.active) execution.cancel();
  }

  /**
   * Every step counts, nested ones and retries too. Calls leave Google only by HTTP to hosts of others.
   * Source: https://cloud.google.com/workflows/pricing
   */
  charges(): readonly Charge[] {
    const all = this.list();
    const external = all.reduce((sum, { externalCalls }) => sum + externalCalls, 0);
    const steps = all.reduce((sum, { used }) => sum + used.steps, 0);
    return [
      { metered: "workflows.internalSteps", quantity: steps - external },
      { metered: "workflows.externalSteps", quantity: external },
    ];
  }

  /**
   * Starts an execution; needs `workflows.executions.create` on the project.
   *
   * @param workflow `projects/P/locations/L/workflows/W`
   * @param argument JSON, up to 32 KB; empty for none
   * @throws ApiError PERMISSION_DENIED, NOT_FOUND, INVALID_ARGUMENT
   */
  execute(caller: Caller, workflow: string, argument: string): Execution {
    return this.start(caller, workflow, { argument, labels: {} });
  }

  /** All that were started, oldest first. */
  list(): Execution[] {
    return [...this.executions.values()];
  }

  /** All that were started, oldest first. */
  states(): ExecutionState[] {
    return this.list().map((execution) => execution.view());
  }

  private create({ request, caller, wire }: Call): object {
    const { parent, execution, ...body } = request;
    // Over REST the body is the execution itself.
    const given = execution ?? body;
    rejectUnknownFields(given, ["argument", "labels", "callLogLevel"], "execution");
    const created = this.start(caller, readText(parent, "parent"), {
      argument: readText(given.argument, "execution.argument"),
      labels: readTexts(given.labels, "execution.labels"),
      callLogLevel: readEnum(given.callLogLevel, CALL_LOG_LEVELS, "execution.callLogLevel"),
    });
    return created.resource(wire, true);
  }

  private start(caller: Caller, name: string, given: ConstructorParameters<typeof Execution>[2]): Execution {
    this.require(caller, "workflows.executions.create", name);
    const execution = new Execution(this.context, this.workflow(name), given, caller);
    this.executions.set(execution.name, execution);
    this.context.recorder.made?.(`execution ${execution.id}`, caller);
    this.active.add(execution);
    void execution.run().finally(() => this.active.delete(execution));
    return execution;
  }

  private get({ request, caller, wire }: Call): object {
    rejectUnknownFields(request, ["name", "view"], "");
    const name = readText(request.name, "name");
    this.require(caller, "workflows.executions.get", name);
    return this.execution(name).resource(wire, readEnum(request.view, VIEWS, "view") !== "BASIC");
  }

  private page({ request, caller, wire }: Call): object {
    for (const field of ["filter", "orderBy"]) {
      if (!isUnset(request[field])) throw new ApiError("UNIMPLEMENTED", `${field} of ListExecutions is not simulated`);
    }
    rejectUnknownFields(request, ["parent", "pageSize", "pageToken", "view", "filter", "orderBy"], "");
    const parent = readText(request.parent, "parent");
    this.require(caller, "workflows.executions.list", parent);
    this.workflow(parent);
    const full = readEnum(request.view, VIEWS, "view") === "FULL";
    // Newest first.
    const all = this.list()
      .filter(({ name }) => name.startsWith(`${parent}/`))
      .reverse();
    const { items, nextPageToken } = pageOf(all, request, ({ id }) => id, {
      usual: DEFAULT_PAGE,
      most: full ? MAX_PAGE.FULL : MAX_PAGE.BASIC,
    });
    return {
      executions: items.map((execution) => execution.resource(wire, full)),
      ...(nextPageToken !== undefined && { nextPageToken }),
    };
  }

  private cancel({ request, caller, wire }: Call): object {
    rejectUnknownFields(request, ["name"], "");
    const name = readText(request.name, "name");
    this.require(caller, "workflows.executions.cancel", name);
    const execution = this.execution(name);
    if (!execution.cancel()) {
      throw new ApiError(
        "FAILED_PRECONDITION",
        `The execution is ${execution.state}; only an active one can be cancelled`,
      );
    }
    return execution.resource(wire, true);
  }

  /**
   * Roles of Workflows are granted on projects and on nothing below. Source: docs/access-control.
   */
  private require(caller: Caller, permission: string, name: string): void {
    const [project] = /^projects\/[^/]+/.exec(name) ?? [];
    this.context.authorizer.require(caller, permission, project ?? `projects/${this.context.project}`);
  }

  private workflow(name: string): Workflow {
    const workflow = this.workflows.get(name);
    if (!workflow) throw new ApiError("NOT_FOUND", `Workflow does not exist: ${name}`);
    return workflow;
  }

  private execution(name: string): Execution {
    const execution = this.executions.get(name);
    if (!execution) throw new ApiError("NOT_FOUND", `Execution does not exist: ${name}`);
    return execution;
  }
}
