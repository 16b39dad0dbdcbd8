export { ApiError } from "./core/api-error";
export { type Clock, RealClock } from "./core/clock";
export { ConnectionLost } from "./core/connection-lost";
export { isServiceAgent } from "./core/identity";
export { LoadError } from "./core/load-error";
export { sideBySide } from "./core/side-by-side";
export type {
  Invocation,
  InvocationResult,
  Invoker,
  Recorder,
  RestReply,
  RestRequest,
  RestService,
  Surroundings,
} from "./core/stand-in";
export { block } from "./core/terraform-values";
export { ModuleError, userModule } from "./core/user-module";
export { rfc3339 } from "./core/values";
export { VirtualClock } from "./core/virtual-clock";
export type { Job } from "./dataflow/job";
export { FunctionHost } from "./functions/host";
export type { LogEntry } from "./functions/log";
export { type Access, allows, type Denial } from "./iam/authorizer";
export { type Binding, LOG_WRITERS } from "./iam/bindings";
export { type Client, RequestFailed } from "./machine/client";
export { fieldOf, firstName, keptAs, newName } from "./machine/curl";
export { load } from "./machine/load";
export { type Interposition, Machine, type MachineOptions, type RunOptions, StartError } from "./machine/machine";
export { Operator } from "./machine/operator";
export { type Command, plainCommands } from "./machine/plain-commands";
export { programCommands } from "./machine/programs";
export { untilQuiet } from "./machine/quiet";
export type { TimedHop } from "./machine/recorder";
export type { CreatedTask, DeadLetter, RunningStack, WrittenObject } from "./machine/running-stack";
export { SIMULATED_SERVICES } from "./machine/stand-ins";
export { type StartOptions, startStack } from "./machine/start-stack";
export { parseFilter } from "./pubsub/filter";
export type { PublishedMessage, TopicPublisher } from "./pubsub/publisher";
export type { Upcoming } from "./scheduler/scheduler";
export { readSecrets, SecretsFileError } from "./secrets/read-secrets";
export { burstOf } from "./tasks/token-bucket";
export { irisOrEcho, modelFor } from "./vertex/choose";
export type { ChooseModel } from "./vertex/model";
export { ModelError, readModel } from "./vertex/user-model";
