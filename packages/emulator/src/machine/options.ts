import type { Stack } from "@cdktf-serverless-ml/terraform-json";
import type { Clock } from "../core/clock";
import type { EmulatorContext, Invoker, RestService } from "../core/emulator";
import type { LogEntry } from "../core/log";
import type { Access, Binding, Denial } from "../iam";
import type { TopicPublisher } from "../pubsub/publisher";
import type { ServiceOptions } from "../services";

/**
 * Intercepts what goes between the parts of a run. Each function wraps one part; the run uses what
 * it returns.
 */
export interface Interceptors {
  /** Wraps what emulators call functions and each other with. */
  invoker?(invoker: Invoker): Invoker;
  /** Wraps a Google API, as functions, workflows and clients call it over REST. */
  service?(service: RestService): RestService;
  /** Wraps what publishes dead letters of Pub/Sub and notifications of Cloud Storage. */
  publisher?(publisher: TopicPublisher): TopicPublisher;
  /** How much work the interceptors do later. Until then the run is not over. */
  pending?(): number;
}

/** The machine gives services these options itself. */
type Provided =
  | "beam"
  | "directory"
  | "onLog"
  | "onSkipped"
  | "programs"
  | "publicObjects"
  | "publisher"
  | "secretStore";

/** Options of the services, such as `chooseModel`, and those of the run. */
export interface RunOptions extends Omit<ServiceOptions, Provided> {
  /** @default - real time */
  readonly clock?: Clock;
  /** Prints the line of a hop. @default - nothing is printed */
  readonly write?: (line: string) => void;
  /** @default false */
  readonly colours?: boolean;
  /**
   * Chooses among the stack's bindings. False leaves a binding out; another binding takes its
   * place.
   *
   * @default - all bindings
   */
  readonly bindings?: (binding: Binding) => Binding | boolean;
  /** Gets each call that no binding allows, those of the deployment included. */
  readonly onDenied?: (denial: Denial) => void;
  /** Gets each call that is allowed, with all bindings that allow it. */
  readonly onAllowed?: (access: Access, by: readonly Binding[]) => void;
  /**
   * Milliseconds by the run's clock after which the stack's own bindings take effect; until then
   * they allow nothing. In effect are those that the stack waits for with a `time_sleep`, that
   * Google asks for when it deploys the stack, and its client's.
   *
   * @default 0: all are in effect
   */
  readonly propagation?: number;
  /** With `propagation`: which of these bindings come late. @default - all of them */
  readonly mayBeLate?: (binding: Binding) => boolean;
  /** Whether Beam pipelines are skipped, as if Beam were not there. @default false */
  readonly withoutBeam?: boolean;
  /** How often the run's clients retry after 429, 5xx, and no answer. @default 0 */
  readonly retries?: number;
  /**
   * Creates the interceptors of this run, with its clock and recorder.
   *
   * @default - no interceptors
   */
  readonly intercept?: (context: Pick<EmulatorContext, "clock" | "recorder">) => Interceptors;
}

export interface MachineOptions extends Pick<ServiceOptions, "publicObjects"> {
  /** The outputs by which the stack is used, such as `client`. @default - those of the stack */
  readonly outputsOf?: (stack: Stack) => Stack["outputs"];
  /** Gets what functions and jobs write to their logs. */
  readonly onLog?: (functionName: string, entry: LogEntry) => void;
  /** Which bindings the builds of the functions may use. @default - all */
  readonly bindings?: (binding: Binding) => Binding | boolean;
  /** Gets each call of the stack's own deployment that no binding allows. */
  readonly onDenied?: (denial: Denial) => void;
  /** Values of secrets, by a secret's id or full name. @default - made-up values */
  readonly secrets?: Readonly<Record<string, string>>;
  /**
   * Command lines that stand for container images on this machine, run in the folder of this
   * process, by what names a service, job or worker pool: its name as deployed, words of that name
   * that no other has, its Terraform address, or its image.
   *
   * @default - none: such a service answers 503
   */
  readonly run?: Readonly<Record<string, string>>;
  /** Whether docker runs the images that have no command. @default false */
  readonly docker?: boolean;
  /** Which services start with their first request only. @default - none: all have to start */
  readonly startsLater?: (workerName: string) => boolean;
  /**
   * A program that is Python, for functions in Python.
   *
   * @default - what LOCAL_PYTHON says, or else python3 on PATH
   */
  readonly python?: string;
  /**
   * Gets notices: what the stack asks for and a run does without, which secrets' values are made
   * up, and what may fail on a first apply.
   */
  readonly onNotice?: (notice: string) => void;
}

export interface StartOptions extends RunOptions, MachineOptions {}

/** What a person says on the command line about this machine. */
export type HostOptions = Pick<MachineOptions, "secrets" | "onNotice" | "run" | "docker" | "python">;
