export { ApiError, ConnectionLost } from "./core/api-error";
export { type BillableCall, type Charge, METERED, type Metered } from "./core/billing";
export { type Clock, holding, RealClock } from "./core/clock";
export type {
  EmulatorContext,
  Hop,
  Invocation,
  InvocationResult,
  Invoker,
  Recorder,
  RestReply,
  RestRequest,
  RestService,
} from "./core/emulator";
export type { EventStream } from "./core/event-stream";
export type {
  Body,
  CallBegun,
  CallEvent,
  DecisionEvent,
  EventKind,
  EventReader,
  Events,
  HopEvent,
  LogEvent,
  MadeEvent,
} from "./core/events";
export { LoadError } from "./core/load-error";
export type { LogEntry } from "./core/log";
export type { Item, Service } from "./core/service";
export { shellQuoted } from "./core/shell";
export { SkippingClock } from "./core/skipping-clock";
export { ModuleError, userModule } from "./core/user-module";
export { rfc3339 } from "./core/values";
export { VirtualClock } from "./core/virtual-clock";
export { cloudDataflow, type Job } from "./dataflow";
export { type Access, allows, type Denial } from "./iam/authorizer";
export { type Binding, LOG_WRITERS } from "./iam/bindings";
export { type Client, RequestFailed } from "./machine/client";
export { type Command, plainCommands, programCommands } from "./machine/commands";
export type { StackOnMachine } from "./machine/control-server";
export type { MachineState, Sent } from "./machine/controls";
export { fieldOf, firstName, keptAs, newName } from "./machine/curl";
export { type Kept, keepStack } from "./machine/keep";
export { load } from "./machine/load";
export { Machine, StartError, startStack } from "./machine/machine";
export type { HostOptions, Interceptors, MachineOptions, RunOptions, StartOptions } from "./machine/options";
export type { DeadLetter, RunningStack } from "./machine/running-stack";
export { describeLoadError, logLine, noticesOnce, onTerminal } from "./machine/terminal";
export { waitUntilIdle } from "./machine/wait-until-idle";
export { type PublishedMessage, type PubSubMessage, parseFilter, pubSub, type TopicPublisher } from "./pubsub";
export { type BilledWorker, billedWorkers } from "./run/billed-workers";
export { DockerError } from "./run/docker";
export { cpusForMemory } from "./run/machine-size";
export { readRunFile, readRunFlags } from "./run/read-run-commands";
export { RunCommandError, RunCommands } from "./run/run-commands";
export { WorkerHost } from "./run/worker-host";
export { cloudScheduler, type Upcoming } from "./scheduler";
export { readSecrets, SecretsFileError, secretManager } from "./secrets";
export { chargesOf, DESCRIPTIONS, itemOf, SERVICES } from "./services";
export { cloudStorage, type PublicObjects, type StoredObject } from "./storage";
export { burstOf, type CreatedTask, cloudTasks } from "./tasks";
export { type ChooseModel, irisOrEcho, ModelError, modelFor, readModel, vertexAi } from "./vertex";
export { cloudWorkflows } from "./workflows";
