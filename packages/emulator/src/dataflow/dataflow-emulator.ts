import { randomBytes } from "node:crypto";
import { defaultComputeAccount } from "@cdktf-serverless-ml/terraform-json";
import { ApiError } from "../core/api-error";
import type { Charge } from "../core/billing";
import type { Caller, EmulatorContext, EvaluatedResource } from "../core/emulator";
import { LoadProblems } from "../core/load-error";
import type { LogEntry } from "../core/log";
import { pageOf } from "../core/page";
import type { Call } from "../core/rpc";
import type { Emulator } from "../core/service";
import { isUnset, readEnum, readText, rejectUnknownFields, rfc3339 } from "../core/values";
import type { StorageEmulator } from "../storage/storage-emulator";
import { BEAM_YAML } from "./beam-yaml";
import { Job } from "./job";
import { type Launch, readFlexLaunch, readLaunch } from "./launch";
import type { LocalBeam } from "./local-beam";
import { BeamWork, WordCountWork } from "./work";
import { workerCharges } from "./workers";

/** Source: google/dataflow/v1beta3/jobs.proto, `ListJobsRequest.Filter` and `JobView`. */
const FILTERS = { UNKNOWN: 0, ALL: 1, TERMINATED: 2, ACTIVE: 3 } as const;
const VIEWS = { JOB_VIEW_UNKNOWN: 0, JOB_VIEW_SUMMARY: 1, JOB_VIEW_ALL: 2, JOB_VIEW_DESCRIPTION: 3 } as const;

/** Source: google/dataflow/v1beta3/messages.proto, `JobMessageImportance`. */
const IMPORTANCES = {
  JOB_MESSAGE_IMPORTANCE_UNKNOWN: 0,
  JOB_MESSAGE_DEBUG: 1,
  JOB_MESSAGE_DETAILED: 2,
  JOB_MESSAGE_BASIC: 5,
  JOB_MESSAGE_WARNING: 3,
  JOB_MESSAGE_ERROR: 4,
} as const;
/** Least first: the order in which the proto lists them. */
const RANKS: readonly string[] = Object.keys(IMPORTANCES);

/** Jobs and messages of a page; Google's own number "is unspecified". */
const PAGE = 100;

export interface DataflowOptions {
  /** Runs Beam YAML pipelines. @default - they fail */
  readonly beam?: LocalBeam;
  /** Gets what pipelines write to their logs. */
  readonly onLog?: (job: string, entry: LogEntry) => void;
}

/**
 * Dataflow: runs Google's WordCount template, and Beam YAML pipelines on Apache Beam. What it does
 * and does not: FIDELITY.md.
 */
export class DataflowEmulator implements Emulator {
  /** Methods and paths: google/dataflow/v1beta3/templates.proto, jobs.proto, messages.proto, metrics.proto. */
  readonly handlers = {
    LaunchTemplate: (call: Call) => this.launch(call),
    LaunchFlexTemplate: (call: Call) => this.launchFlex(call),
    ListJobs: (call: Call) => this.list(call),
    GetJob: (call: Call) => this.get(call),
    UpdateJob: (call: Call) => this.update(call),
    ListJobMessages: (call: Call) => this.messages(call),
    GetJobMetrics: (call: Call) => this.metrics(call),
  };
  /** In the order of their launches. The stack's own jobs come first. */
  readonly jobs: Job[] = [];

  /**
   * Launches the stack's own jobs, as Terraform does when it is applied.
   *
   * @param storage where jobs read and write
   * @throws LoadError for a job of another template than WordCount, or one that Dataflow would
   *   refuse
   */
  constructor(
    private readonly context: EmulatorContext,
    resources: readonly EvaluatedResource[],
    private readonly storage: StorageEmulator,
    private readonly options: DataflowOptions = {},
  ) {
    const problems = new LoadProblems();
    const deployed = resources
      .filter(({ type }) => type === "google_dataflow_job")
      .map(({ address, attributes }) => ({
        location: attributes.region ?? context.region,
        launch: problems.attempt(address, () => readResource(attributes)),
      }));
    problems.throwIfAny();
    for (const { location, launch } of deployed) if (launch) this.run(location, launch, "Terraform");
  }

  pending(): number {
    return this.jobs.filter(({ active }) => active).length;
  }

  isWorking(): boolean {
    return this.jobs.some(({ isWorking }) => isWorking);
  }

  stop(): void {
    for (const job of this.jobs) job.stop();
  }

  /** By the seconds that the work of jobs took on this machine. */
  charges(): readonly Charge[] {
    return this.jobs.flatMap(({ launch, workSeconds }) => workerCharges(launch.workers, workSeconds));
  }

  private launch({ request, caller }: Call): object {
    const { parent, gcsPath, validateOnly, dynamicTemplate, ...parameters } = request;
    if (!isUnset(dynamicTemplate)) throw new ApiError("UNIMPLEMENTED", "dynamicTemplate of a launch is not simulated");
    this.require(caller, "dataflow.jobs.create");
    const launch = readLaunch(readText(gcsPath, "gcsPath"), parameters);
    return this.launched(launch, { parent, validateOnly, caller });
  }

  private launchFlex({ request, caller }: Call): object {
    const { parent, launchParameter, validateOnly } = request;
    rejectUnknownFields(request, ["parent", "launchParameter", "validateOnly"], "");
    this.require(caller, "dataflow.jobs.create");
    return this.launched(readFlexLaunch(launchParameter ?? {}), { parent, validateOnly, caller });
  }

  private launched(
    launch: Launch,
    { parent, validateOnly, caller }: { parent: unknown; validateOnly: unknown; caller: Caller },
  ): object {
    // Source: docs/concepts/security-and-permissions, "your user account must have the
    // iam.serviceAccounts.actAs permission".
    const account = launch.serviceAccount ?? defaultComputeAccount(this.context.projectNumber);
    const { authorizer, project } = this.context;
    authorizer.require(caller, "iam.serviceAccounts.actAs", `projects/${project}/serviceAccounts/${account}`);
    if (validateOnly === true || validateOnly === "true") return {};
    const job = this.run(locationOf(parent), launch, caller.email ?? "nobody");
    this.context.recorder.made?.(`job ${job.id}`, caller);
    return { job: job.resource() };
  }

  private require(caller: Caller, permission: string): void {
    this.context.authorizer.require(caller, permission, `projects/${this.context.project}`);
  }

  private run(location: string, launch: Launch, from: string): Job {
    if (this.jobs.some((job) => job.active && job.launch.name === launch.name && job.location === location)) {
      // Source: an answer in https://github.com/apache/beam/pull/29441. The number differs each time.
      throw new ApiError(
        "ALREADY_EXISTS",
        `(${randomBytes(8).toString("hex")}): There is already an active job named ${launch.name}. If you want to submit a second job, try again by setting a different name.`,
      );
    }
    const { storage, options } = this;
    const work = BEAM_YAML.test(launch.template) ? new BeamWork({ storage, ...options }) : new WordCountWork(storage);
    const job = new Job(this.context, work, location, launch, from);
    this.jobs.push(job);
    return job;
  }

  /** Newest first. */
  private list({ request, caller }: Call): object {
    rejectUnknownFields(request, ["parent", "filter", "name", "pageSize", "pageToken", "view"], "");
    this.context.authorizer.require(caller, "dataflow.jobs.list", `projects/${this.context.project}`);
    const filter = readEnum(request.filter, FILTERS, "filter") ?? "ALL";
    readEnum(request.view, VIEWS, "view");
    const name = readText(request.name, "name");
    const location = locationOf(request.parent);
    const found = this.jobs
      .filter((job) => job.location === location && (name === "" || job.launch.name === name))
      .filter(({ active }) => (filter === "ACTIVE" ? active : filter === "TERMINATED" ? !active : true))
      .reverse();
    const { items, nextPageToken } = pageOf(found, request, ({ id }) => id, { usual: PAGE });
    return {
      ...(items.length > 0 && { jobs: items.map((job) => job.resource()) }),
      ...(nextPageToken !== undefined && { nextPageToken }),
    };
  }

  private get({ request, caller }: Call): object {
    rejectUnknownFields(request, ["name", "view"], "");
    this.context.authorizer.require(caller, "dataflow.jobs.get", `projects/${this.context.project}`);
    readEnum(request.view, VIEWS, "view");
    return this.job(request.name).resource();
  }

  /** Cancels a job: the one change of its state that is simulated. */
  private update({ request, caller }: Call): object {
    const { name, ...given } = request;
    // "Only the job state is updatable; other fields will be ignored": jobs.proto,
    // `UpdateJobRequest.job`.
    const requested = readText(given.requestedState, "requestedState");
    if (requested !== "JOB_STATE_CANCELLED") {
      throw new ApiError(
        "UNIMPLEMENTED",
        `requestedState ${requested || "(none)"} of a job is not simulated; JOB_STATE_CANCELLED is`,
      );
    }
    this.context.authorizer.require(caller, "dataflow.jobs.cancel", `projects/${this.context.project}`);
    const job = this.job(name);
    if (!job.cancel()) {
      throw new ApiError(
        "FAILED_PRECONDITION",
        `(${job.id}): Could not modify workflow; the job is in terminal state ${job.state}.`,
      );
    }
    return job.resource();
  }

  /** Oldest first. */
  private messages({ request, caller }: Call): object {
    for (const field of ["startTime", "endTime"]) {
      if (!isUnset(request[field])) throw new ApiError("UNIMPLEMENTED", `${field} of messages is not simulated`);
    }
    rejectUnknownFields(request, ["name", "minimumImportance", "pageSize", "pageToken", "startTime", "endTime"], "");
    this.context.authorizer.require(caller, "dataflow.messages.list", `projects/${this.context.project}`);
    const least = readEnum(request.minimumImportance, IMPORTANCES, "minimumImportance") ?? "JOB_MESSAGE_BASIC";
    const shown = this.job(request.name).messages.filter(
      ({ importance }) => RANKS.indexOf(importance) >= RANKS.indexOf(least),
    );
    const { items, nextPageToken } = pageOf(shown, request, ({ id }) => id, { usual: PAGE });
    return {
      ...(items.length > 0 && {
        jobMessages: items.map(({ id, time, text, importance }) => ({
          id,
          time: rfc3339(time),
          messageText: text,
          messageImportance: importance,
        })),
      }),
      ...(nextPageToken !== undefined && { nextPageToken }),
    };
  }

  /** The counters of the pipeline. */
  private metrics({ request, caller }: Call): object {
    rejectUnknownFields(request, ["name", "startTime"], "");
    if (!isUnset(request.startTime)) throw new ApiError("UNIMPLEMENTED", "startTime of metrics is not simulated");
    this.require(caller, "dataflow.metrics.get");
    const job = this.job(request.name);
    const updateTime = rfc3339(this.context.clock.now());
    const metrics = job.metrics.map(({ namespace, name, step, value }) => ({
      name: { origin: "user", name, context: { namespace, step } },
      scalar: value,
      updateTime,
    }));
    return { metricTime: updateTime, ...(metrics.length > 0 && { metrics }) };
  }

  private job(name: unknown): Job {
    const [, , , location, , id] = readText(name, "name").split("/");
    const job = this.jobs.find((candidate) => candidate.id === id && candidate.location === location);
    if (!job) throw new ApiError("NOT_FOUND", `(${id}): Information about job ${id} could not be found in our system.`);
    return job;
  }
}

/** A `google_dataflow_job`, read as the launch that Terraform makes of it. */
function readResource(attributes: EvaluatedResource["attributes"]): Launch {
  return readLaunch(String(attributes.template_gcs_path ?? ""), {
    jobName: attributes.name,
    parameters: attributes.parameters,
    environment: {
      tempLocation: attributes.temp_gcs_location,
      serviceAccountEmail: attributes.service_account_email,
      maxWorkers: attributes.max_workers,
      machineType: attributes.machine_type,
      additionalUserLabels: attributes.labels,
    },
  });
}

function locationOf(parent: unknown): string {
  return readText(parent, "parent").split("/")[3] ?? "";
}
