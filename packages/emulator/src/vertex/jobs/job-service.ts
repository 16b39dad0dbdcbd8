import { ApiError } from "../../core/api-error";
import type { EmulatorContext } from "../../core/emulator";
import { pageOf } from "../../core/page";
import type { Call, Handler } from "../../core/rpc";
import { isUnset, readText, rejectUnknownFields } from "../../core/values";
import { readFilter } from "./filter";
import { type Asked, Job } from "./job";

/** One kind of jobs, and how they are asked for. */
export interface JobKind {
  /** As paths and answers have it. */
  readonly collection: "customJobs" | "batchPredictionJobs";
  /** For messages. */
  readonly what: string;
  readonly permissions: Readonly<Record<"create" | "get" | "list" | "cancel", string>>;
  /**
   * Checks a request's body.
   *
   * @param location `projects/P/locations/L`, by the project's id
   * @throws ApiError
   */
  read(body: object, location: string): Asked;
}

/** Jobs of a page. Google's own number is not documented. */
const PAGE = 100;

/** The jobs of one kind: create, get, list and cancel. */
export class JobService {
  /** Oldest first. */
  readonly jobs: Job[] = [];

  constructor(
    private readonly context: EmulatorContext,
    private readonly kind: JobKind,
  ) {}

  /** By the names of google/cloud/aiplatform/v1/job_service.proto, such as `CreateCustomJob`. */
  handlers<Name extends string>(name: Name): Record<`${"Create" | "Get" | "Cancel"}${Name}` | `List${Name}s`, Handler> {
    return {
      [`Create${name}`]: (call: Call) => this.create(call),
      [`Get${name}`]: (call: Call) => this.get(call),
      [`List${name}s`]: (call: Call) => this.list(call),
      [`Cancel${name}`]: (call: Call) => this.cancel(call),
    } as ReturnType<typeof this.handlers<Name>>;
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

  private create({ request, caller }: Call): object {
    const { parent, ...body } = request;
    this.require(caller, "create");
    const location = this.byId(readText(parent, "parent"));
    const asked = this.kind.read(body, location);
    const { authorizer, project } = this.context;
    if (asked.serviceAccount !== undefined) {
      // Source: custom_job.proto and batch_prediction_job.proto, `service_account`.
      const account = `projects/${project}/serviceAccounts/${asked.serviceAccount}`;
      authorizer.require(caller, "iam.serviceAccounts.actAs", account);
    }
    const job = new Job(this.context, this.collectionIn(location), asked, caller.email ?? "nobody");
    this.jobs.push(job);
    this.context.recorder.made?.(`job ${job.name.split("/").at(-1)}`, caller);
    return job.resource();
  }

  private get({ request, caller }: Call): object {
    rejectUnknownFields(request, ["name"], "");
    this.require(caller, "get");
    return this.job(request.name).resource();
  }

  /** Newest first. */
  private list({ request, caller }: Call): object {
    rejectUnknownFields(request, ["parent", "filter", "pageSize", "pageToken", "readMask"], "");
    if (!isUnset(request.readMask)) throw new ApiError("UNIMPLEMENTED", "readMask of a list is not simulated");
    this.require(caller, "list");
    const collection = this.collectionIn(this.byId(readText(request.parent, "parent")));
    const matches = readFilter(readText(request.filter, "filter"));
    const found = this.jobs.filter((job) => job.name.startsWith(`${collection}/`) && matches(job)).reverse();
    const { items, nextPageToken } = pageOf(found, request, ({ id }) => id, { usual: PAGE });
    return {
      ...(items.length > 0 && { [this.kind.collection]: items.map((job) => job.resource()) }),
      ...(nextPageToken !== undefined && { nextPageToken }),
    };
  }

  private cancel({ request, caller }: Call): object {
    rejectUnknownFields(request, ["name"], "");
    this.require(caller, "cancel");
    const job = this.job(request.name);
    if (job.cancel()) return {};
    throw new ApiError(
      "FAILED_PRECONDITION",
      `${job.name} is in state ${job.state}; only an active job can be cancelled.`,
    );
  }

  /**
   * Permissions of jobs are on the project. Source:
   * cloud.google.com/vertex-ai/docs/general/iam-permissions.
   */
  private require(caller: Call["caller"], verb: keyof JobKind["permissions"]): void {
    const { authorizer, project } = this.context;
    authorizer.require(caller, this.kind.permissions[verb], `projects/${project}`);
  }

  private job(given: unknown): Job {
    const name = readText(given, "name");
    const { project, projectNumber } = this.context;
    const byNumber = name.replace(`projects/${project}/`, `projects/${projectNumber}/`);
    const job = this.jobs.find((each) => each.name === byNumber);
    if (!job) throw new ApiError("NOT_FOUND", `The ${this.kind.what} does not exist: ${name}`);
    return job;
  }

  /** A project may be named by its number. */
  private byId(location: string): string {
    const { project, projectNumber } = this.context;
    return location.replace(new RegExp(`^projects/${projectNumber}/`), `projects/${project}/`);
  }

  private collectionIn(location: string): string {
    const { projectNumber } = this.context;
    return `${location.replace(/^projects\/[^/]+/, `projects/${projectNumber}`)}/${this.kind.collection}`;
  }
}
