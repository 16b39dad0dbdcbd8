import { randomUUID } from "node:crypto";
import { ApiError } from "../core/api-error";
import type { Charge } from "../core/billing";
import type { EmulatorContext, EvaluatedResource } from "../core/emulator";
import { LoadProblems } from "../core/load-error";
import { Log, type LogEntry } from "../core/log";
import { pageOf } from "../core/page";
import type { Call } from "../core/rpc";
import type { Emulator } from "../core/service";
import { isUnset, readText, rejectUnknownFields } from "../core/values";
import { NO_PROGRAMS, type Programs } from "../run/container-run";
import type { Objects } from "../run/mounts";
import type { Secrets } from "../secrets";
import { Execution } from "./execution";
import { MountFolders } from "./mount-folders";
import { hasOverrides, overridden } from "./overrides";
import { jobResource } from "./resources";
import { isJob, type JobSettings, settingsOf, type Template, type Variable } from "./settings";

export interface RunJobsOptions {
  /** Runs containers. @default - none can run: executions fail and say what to give */
  readonly programs?: Programs;
  /** Gets what tasks write to their logs. */
  readonly onLog?: (name: string, entry: LogEntry) => void;
  /** Gets why a job cannot run here, with each execution. */
  readonly onSkipped?: (why: string) => void;
  /** Values of secrets. @default - none */
  readonly secretStore?: Secrets;
}

/** Executions of a page. Google's own numbers are not documented. */
const PAGE = 100;
const EXECUTION_TYPE = "type.googleapis.com/google.cloud.run.v2.Execution";

/** Cloud Run jobs: tasks are processes. What it does and does not: FIDELITY.md. */
export class RunJobsEmulator implements Emulator {
  /** Methods and paths: google/cloud/run/v2/job.proto and execution.proto. */
  readonly handlers = {
    GetJob: (call: Call) => this.getJob(call),
    RunJob: (call: Call) => this.runJob(call),
    GetExecution: (call: Call) => this.getExecution(call),
    ListExecutions: (call: Call) => this.listExecutions(call),
    CancelExecution: (call: Call) => this.cancelExecution(call),
  };
  /** Oldest first. */
  readonly executions: Execution[] = [];
  private readonly jobs = new Map<string, JobSettings>();
  private readonly created: number;
  private readonly folders: MountFolders;

  /** @throws LoadError for jobs that cannot be simulated */
  constructor(
    private readonly context: EmulatorContext,
    resources: readonly EvaluatedResource[],
    private readonly options: RunJobsOptions = {},
    objects: Objects = () => [],
  ) {
    this.folders = new MountFolders(objects);
    this.created = context.clock.now();
    const problems = new LoadProblems();
    for (const resource of resources.filter(isJob)) {
      const settings = problems.attempt(resource.address, () => settingsOf(resource, context));
      if (settings) this.jobs.set(settings.name, settings);
    }
    problems.throwIfAny();
  }

  pending(): number {
    return this.executions.filter(({ active }) => active).length;
  }

  isWorking(): boolean {
    return this.executions.some((execution) => execution.active && execution.count("running") > 0);
  }

  stop(): void {
    for (const execution of this.executions) execution.stop();
    this.folders.remove();
  }

  charges(): readonly Charge[] {
    return this.executions.flatMap((execution) => execution.charges());
  }

  private getJob({ request, caller }: Call): object {
    rejectUnknownFields(request, ["name"], "");
    const name = readText(request.name, "name");
    this.context.authorizer.require(caller, "run.jobs.get", name);
    return jobResource(this.job(name), this.of(name), this.created);
  }

  private runJob({ request, caller }: Call): object {
    rejectUnknownFields(request, ["name", "validateOnly", "etag", "overrides"], "");
    for (const field of ["validateOnly", "etag"]) {
      if (!isUnset(request[field])) throw new ApiError("UNIMPLEMENTED", `${field} of RunJob is not simulated`);
    }
    const name = readText(request.name, "name");
    const { authorizer } = this.context;
    authorizer.require(caller, "run.jobs.run", name);
    // Source: cloud.google.com/run/docs/reference/rest/v1/namespaces.jobs/run, "overrides".
    if (hasOverrides(request.overrides)) authorizer.require(caller, "run.jobs.runWithOverrides", name);
    const job = this.job(name);
    const template = overridden(job.template, request.overrides);
    const { programs = NO_PROGRAMS, onLog, onSkipped = () => {} } = this.options;
    const { mounts } = template;
    const execution = new Execution({
      context: this.context,
      programs,
      job,
      template,
      creator: caller.email ?? "nobody",
      environment: () => {
        this.requireMounts(template);
        return this.environmentOf(template.env, template.serviceAccount);
      },
      log: () => new Log((entry) => onLog?.(job.id, entry)),
      mount: mounts.length === 0 ? undefined : (environment) => this.folders.mount(mounts, environment),
      onSkipped,
    });
    this.executions.push(execution);
    this.context.recorder.made?.(`execution ${execution.name.split("/").at(-1)}`, caller);
    return operation(execution);
  }

  private getExecution({ request, caller }: Call): object {
    rejectUnknownFields(request, ["name"], "");
    return this.execution(request.name, (job) =>
      this.context.authorizer.require(caller, "run.executions.get", job),
    ).resource();
  }

  /** Newest first. */
  private listExecutions({ request, caller }: Call): object {
    rejectUnknownFields(request, ["parent", "pageSize", "pageToken", "showDeleted"], "");
    const parent = readText(request.parent, "parent");
    this.context.authorizer.require(caller, "run.executions.list", parent);
    this.job(parent);
    const { items, nextPageToken } = pageOf(this.of(parent).reverse(), request, ({ id }) => id, { usual: PAGE });
    return {
      ...(items.length > 0 && { executions: items.map((execution) => execution.resource()) }),
      ...(nextPageToken !== undefined && { nextPageToken }),
    };
  }

  private cancelExecution({ request, caller }: Call): object {
    rejectUnknownFields(request, ["name", "validateOnly", "etag"], "");
    for (const field of ["validateOnly", "etag"]) {
      if (!isUnset(request[field])) throw new ApiError("UNIMPLEMENTED", `${field} of CancelExecution is not simulated`);
    }
    const { authorizer } = this.context;
    const execution = this.execution(request.name, (job) => authorizer.require(caller, "run.executions.cancel", job));
    if (!execution.cancel()) {
      throw new ApiError(
        "FAILED_PRECONDITION",
        `The execution ${execution.id} has ended; only a running one can be cancelled`,
      );
    }
    return operation(execution);
  }

  private of(job: string): Execution[] {
    return this.executions.filter(({ options }) => options.job.name === job);
  }

  private job(name: string): JobSettings {
    const job = this.jobs.get(name);
    if (job) return job;
    const [, project, , location, , id] = name.split("/");
    throw notFound("JOB", id, location, project);
  }

  /** @param require asks for the permission, which is on the job: executions have no policy */
  private execution(given: unknown, require: (job: string) => void): Execution {
    const name = readText(given, "name");
    const [, project, , location, , job, , id] = name.split("/");
    require(`projects/${project}/locations/${location}/jobs/${job}`);
    const execution = this.executions.find((each) => each.name === name);
    if (!execution) throw notFound("EXECUTION", id, location, project);
    return execution;
  }

  /** As of services: `run/worker-host.ts`. */
  private requireMounts({ serviceAccount: email, mounts }: Template): void {
    for (const { bucket } of mounts) {
      this.context.authorizer.require({ email }, "storage.objects.list", `projects/_/buckets/${bucket}`);
    }
  }

  /**
   * Secrets are read as the task's own account. Source:
   * cloud.google.com/run/docs/configuring/jobs/secrets.
   */
  private environmentOf(variables: readonly Variable[], email: string): Record<string, string> {
    const { secretStore } = this.options;
    return Object.fromEntries(
      variables.map(({ name, value = "", secret }) => {
        if (!secret) return [name, value];
        const fullName = secretStore?.fullName(secret.name) ?? secret.name;
        this.context.authorizer.require({ email }, "secretmanager.versions.access", fullName);
        const known = secretStore?.valueOf(fullName);
        if (known === undefined) throw new Error(`there is no value of the secret ${fullName}`);
        return [name, known];
      }),
    );
  }
}

/** A long-running operation, whose metadata is the execution: job.proto, `operation_info`. */
function operation(execution: Execution): object {
  const [, project, , location] = execution.name.split("/");
  return {
    name: `projects/${project}/locations/${location}/operations/${randomUUID()}`,
    metadata: { "@type": EXECUTION_TYPE, ...execution.resource() },
  };
}

function notFound(kind: string, id = "", location = "", project = ""): ApiError {
  return new ApiError(
    "NOT_FOUND",
    `Resource '${id}' of kind '${kind}' in region '${location}' in project '${project}' does not exist.`,
  );
}
