export { ApiError } from "./core/api-error";
export { type Clock, RealClock } from "./core/clock";
export { ConnectionLost } from "./core/connection-lost";
export type {
  EmulatorContext,
  Invocation,
  InvocationResult,
  Invoker,
  Recorder,
  RestReply,
  RestRequest,
  RestService,
} from "./core/emulator";
export { forEachConcurrently } from "./core/for-each-concurrently";
export { isServiceAgent } from "./core/identity";
export { LoadError } from "./core/load-error";
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
export { ControlServer } from "./machine/control-server";
export { fieldOf, firstName, keptAs, newName } from "./machine/curl";
export { SIMULATED_SERVICES } from "./machine/emulators";
export { load } from "./machine/load";
export { type Interceptors, Machine, type MachineOptions, type RunOptions, StartError } from "./machine/machine";
export { type Command, plainCommands } from "./machine/plain-commands";
export { programCommands } from "./machine/programs";
export type { TimedHop } from "./machine/recorder";
export type { CreatedTask, DeadLetter, RunningStack, WrittenObject } from "./machine/running-stack";
export { type StartOptions, startStack } from "./machine/start-stack";
export { waitUntilIdle } from "./machine/wait-until-idle";
export { parseFilter } from "./pubsub/filter";
export type { PublishedMessage, TopicPublisher } from "./pubsub/publisher";
export type { Upcoming } from "./scheduler/scheduler";
export { readSecrets, SecretsFileError } from "./secrets/read-secrets";
export { burstOf } from "./tasks/token-bucket";
export { irisOrEcho, modelFor } from "./vertex/choose";
export type { ChooseModel } from "./vertex/model";
export { ModelError, readModel } from "./vertex/user-model";
