import type { Stack } from "@cdktf-serverless-ml/terraform-json";
import type { Clock } from "../core/clock";
import type { EmulatorContext, Invoker, RestService } from "../core/emulator";
import type { LogEntry } from "../functions/log";
import type { Access, Binding, Denial } from "../iam";
import type { TopicPublisher } from "../pubsub/publisher";
import type { ServiceOptions } from "../services";

/** Stands between the parts of a run: what it makes of one is used in its stead. */
export interface Interceptors {
  /** What emulators call functions, and each other, with. */
  invoker?(invoker: Invoker): Invoker;
  /** Google's APIs, as functions, workflows and clients call them over REST. */
  service?(service: RestService): RestService;
  /** What Pub/Sub forwards dead letters with, and Cloud Storage its notifications. */
  publisher?(publisher: TopicPublisher): TopicPublisher;
  /** What it does later: until then a run is not over. */
  pending?(): number;
}

/** The machine gives services these options itself. */
type Provided = "directory" | "publicObjects" | "publisher" | "secretStore";

/** Options of the services, such as `chooseModel`, and those of the run. */
export interface RunOptions extends Omit<ServiceOptions, Provided> {
  /** Default: the time on the wall. */
  readonly clock?: Clock;
  /** Where the lines of hops go. Default: nowhere. */
  readonly write?: (line: string) => void;
  /** Default false. */
  readonly colours?: boolean;
  /** Chooses among the stack's bindings: one for which it is false allows nothing, another may take one's place. Default: all. */
  readonly bindings?: (binding: Binding) => Binding | boolean;
  /** Told each call that no binding allows, those of the deployment included. */
  readonly onDenied?: (denial: Denial) => void;
  /** Told each call that is allowed, and all bindings that allow it. */
  readonly onAllowed?: (access: Access, by: readonly Binding[]) => void;
  /**
   * Milliseconds by the run's clock after which the stack's own bindings take effect; until then they allow nothing. In effect
   * are those that the stack waits for with a `time_sleep`, that Google asks for when it deploys the stack, and its client's.
   * Default: all are in effect.
   */
  readonly propagation?: number;
  /** With `propagation`: which of these bindings come late. Default: all of them. */
  readonly mayBeLate?: (binding: Binding) => boolean;
  /** How often the run's clients ask again after 429, 5xx, and no answer. Default 0. */
  readonly retries?: number;
  /** Made for this run; it gets the run's clock and recorder. Default: nothing stands between. */
  readonly intercept?: (context: Pick<EmulatorContext, "clock" | "recorder">) => Interceptors;
}

export interface MachineOptions extends Pick<ServiceOptions, "publicObjects"> {
  /** What outputs the stack is used by, such as `client`. Default: its own. */
  readonly outputsOf?: (stack: Stack) => Stack["outputs"];
  /** Told what functions write. */
  readonly onLog?: (functionName: string, entry: LogEntry) => void;
  /** Which bindings the builds of the functions may use. Default: all. */
  readonly bindings?: (binding: Binding) => Binding | boolean;
  /** Told each call of the stack's own deployment that no binding allows. */
  readonly onDenied?: (denial: Denial) => void;
  /** Values of secrets, by a secret's id or full name. Default: made up. */
  readonly secrets?: Readonly<Record<string, string>>;
  /**
   * Told what the stack asks for and a run does without, which secrets' values are made up, and what may fail on a first apply.
   */
  readonly onNotice?: (notice: string) => void;
}

export interface StartOptions extends RunOptions, MachineOptions {}
