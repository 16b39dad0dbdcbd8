import { ApiError } from "../core/api-error";
import type { EmulatorContext } from "../core/emulator";
import { Cancelled, raised } from "./errors";
import type { HttpRequest, HttpResponse, StandardContext } from "./stdlib";
import { toJson, type Value } from "./values";
import type { CallLogLevel, Workflow } from "./workflow";

/** Characters of a log entry that a hop shows. */
const SHOWN = 200;

/** Source: https://cloud.google.com/workflows/pricing , "Internal steps". */
const INTERNAL = /(^|\.)(googleapis\.com|run\.app|cloudfunctions\.net|appspot\.com|cloud\.goog)$/;

/** What the steps of one execution can do: as the workflow's service account, on the clock. */
export class ExecutionContext implements StandardContext {
  /** Requests to hosts that are not Google's. */
  externalCalls = 0;
  private readonly variables: Readonly<Record<string, string>>;

  constructor(
    private readonly context: EmulatorContext,
    private readonly workflow: Workflow,
    private readonly executionId: string,
    revisionId: string,
    private readonly callLogLevel: CallLogLevel,
  ) {
    const { project, projectNumber } = context;
    // Source: docs/reference/environment-variables.
    this.variables = {
      ...workflow.variables,
      GOOGLE_CLOUD_PROJECT_ID: project,
      GOOGLE_CLOUD_PROJECT_NUMBER: projectNumber,
      GOOGLE_CLOUD_LOCATION: workflow.location,
      GOOGLE_CLOUD_SERVICE_ACCOUNT_NAME: workflow.identity,
      GOOGLE_CLOUD_WORKFLOW_ID: workflow.id,
      GOOGLE_CLOUD_WORKFLOW_REVISION_ID: revisionId,
      GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID: executionId,
    };
  }

  /** The execution as hops and events name it. */
  private get mark(): string {
    return `execution ${this.executionId}`;
  }

  now(): number {
    return this.context.clock.now() / 1000;
  }

  environment(name: string): string | undefined {
    return Object.hasOwn(this.variables, name) ? this.variables[name] : undefined;
  }

  sleep(seconds: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.context;
    return new Promise((resolve, reject) => {
      const aborted = () => {
        cancel();
        reject(new Cancelled());
      };
      const cancel = clock.at(clock.now() + Math.max(0, seconds) * 1000, () => {
        signal.removeEventListener("abort", aborted);
        resolve();
      });
      if (signal.aborted) aborted();
      else signal.addEventListener("abort", aborted, { once: true });
    });
  }

  /** Without permission the log entry is lost, and the execution goes on. */
  log(severity: string, data: Value): void {
    const text = typeof data === "string" ? data : toJson(data);
    this.entry(`${severity} ${text.length > SHOWN ? `${text.slice(0, SHOWN - 1)}…` : text}`);
  }

  private entry(what: string): void {
    const { authorizer, recorder, project } = this.context;
    let status = "OK";
    try {
      authorizer.require(
        { email: this.workflow.identity, item: this.mark },
        "logging.logEntries.create",
        `projects/${project}`,
      );
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      status = `${error.code}: ${error.message}`;
    }
    recorder.hop({ from: `workflow ${this.workflow.id}`, to: "Cloud Logging", what, status, detail: this.mark });
  }

  logCall(event: "call" | "return" | "exception", called: string): void {
    const logged =
      this.callLogLevel === "LOG_ALL_CALLS" || (this.callLogLevel === "LOG_ERRORS_ONLY" && event === "exception");
    // Google gives an exception severity ERROR, also one that the workflow handles, as healthy ones
    // do.
    if (logged) this.entry(`call log: ${event} of ${called}`);
  }

  async send({ method, url, headers, body, timeout }: HttpRequest): Promise<HttpResponse> {
    const { clock, invoker, recorder } = this.context;
    const began = clock.now();
    if (!INTERNAL.test(new URL(url).hostname)) this.externalCalls++;
    const result = await invoker.invoke({ url, method, headers, body, deadline: timeout * 1000, item: this.mark });
    const { host, pathname } = new URL(url);
    recorder.hop({
      from: `workflow ${this.workflow.id}`,
      to: host,
      what: `${method} ${pathname}`,
      status: result.failure ?? String(result.status),
      duration: clock.now() - began,
      detail: this.mark,
    });
    if (result.failure === "deadline")
      throw raised("TimeoutError", `no answer in ${timeout} seconds: ${method} ${url}`);
    if (result.failure) throw raised("ConnectionError", `connection failed: ${method} ${url}`);
    return result;
  }

  accessToken(): string {
    return this.token(() => this.context.tokens.accessToken(this.workflow.identity));
  }

  idToken(audience: string): string {
    return this.token(() => this.context.tokens.idToken(this.workflow.identity, audience));
  }

  private token(mint: () => string): string {
    try {
      return mint();
    } catch (error) {
      throw raised("AuthError", (error as Error).message);
    }
  }
}
