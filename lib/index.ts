// The public API: everything that another project may import.

export { Deployment, type DeploymentProps } from "./core/deployment";
export { Duration } from "./core/duration";
export {
  type DirectorySourceOptions,
  FunctionSource,
  type PythonSourceOptions,
  type TypeScriptSourceOptions,
} from "./core/function-source";
export { externalGrantee, type Grantee, type IGrantable, publicGrantee } from "./core/grantee";
export { Memory } from "./core/memory";
export { skipTokenTraces } from "./core/token-traces";
export { type ValidationCode, ValidationError, ValidationErrors, validationErrors } from "./core/validation";

export { type AlertCondition, type AlertProps, Alerts, type LogAlertProps } from "./parts/alerts";
export type { BatchPredictionProps } from "./parts/batch-prediction";
export {
  Bucket,
  type BucketEvent,
  type BucketProps,
  type IBucket,
  type NotificationOptions,
} from "./parts/bucket";
export { BuildIdentity } from "./parts/build-identity";
export type { BucketMount, ContainerProps, MountOptions } from "./parts/container";
export { ContainerJob, type ContainerJobProps, type IContainerJob } from "./parts/container-job";
export { ContainerService, type ContainerServiceProps } from "./parts/container-service";
export { CustomRole, type CustomRoleProps } from "./parts/custom-role";
export type { DataflowEnvironment, DataflowEnvironmentOptions } from "./parts/dataflow-environment";
export { DataflowJob, type DataflowJobProps } from "./parts/dataflow-job";
export { type BeamYamlOptions, DataflowTemplate, type LaunchedTemplate } from "./parts/dataflow-template";
export { type DataflowNetwork, DataflowWorkers, type DataflowWorkersProps } from "./parts/dataflow-workers";
export { DeadLetter, type DeadLetterProps } from "./parts/dead-letter";
export {
  DeadLetterRedrive,
  type DeadLetterRedriveProps,
  type RedriveProps,
  type RedriveSource,
} from "./parts/dead-letter-redrive";
export { EncryptionKey } from "./parts/encryption-key";
export { Filter } from "./parts/filter";
export {
  FunctionService,
  type FunctionServiceProps,
  type IFunctionService,
  type ImportedFunctionProps,
} from "./parts/function-service";
export { GoogleStack, type GoogleStackProps } from "./parts/google-stack";
export type { Gpu, GpuOptions, GpuType } from "./parts/gpu";
export type { ImportedServiceProps } from "./parts/imported-service";
export type { Accelerator } from "./parts/machine";
export { PredictionEndpoint, type PredictionEndpointProps } from "./parts/prediction-endpoint";
export type { GrpcProbe, HttpProbe, ProbeOptions, TcpProbe } from "./parts/probe";
export type { IDeadLetter, IPublishTarget } from "./parts/publish-target";
export { type IPullSubscription, PullSubscription, type PullSubscriptionProps } from "./parts/pull-subscription";
export { PushSubscription, type PushSubscriptionProps } from "./parts/push-subscription";
export { RequiredApis } from "./parts/required-apis";
export { Schedule, type ScheduledTask, type ScheduleProps, ScheduleTarget } from "./parts/schedule";
export type { ScheduleTime } from "./parts/schedule-time";
export { Secret } from "./parts/secret";
export { ServiceAgents } from "./parts/service-agents";
export type { Ingress } from "./parts/service-base";
export { ServiceIdentity, type ServiceIdentityProps } from "./parts/service-identity";
export type { SubscriptionProps } from "./parts/subscription";
export { OVERRIDDEN_URL, TaskQueue, type TaskQueueProps } from "./parts/task-queue";
export type { ITaskQueue } from "./parts/task-queue-base";
export type { TaskRetry } from "./parts/task-retry";
export { type ITopic, Topic, type TopicProps } from "./parts/topic";
export type { TopicSchema } from "./parts/topic-schema";
export type { VertexTrainingProps } from "./parts/vertex-training";
export type { DirectVpcEgress, VpcEgress, VpcTraffic } from "./parts/vpc-egress";
export type { IWorker } from "./parts/worker";
export { WorkerPool, type WorkerPoolProps } from "./parts/worker-pool";
export { type IWorkflow, Workflow, type WorkflowProps } from "./parts/workflow";

export { AsyncBatch, type AsyncBatchProps } from "./patterns/async-batch";
export { EventWorkflow, type EventWorkflowProps } from "./patterns/event-workflow";
export type {
  ContainerSubscriberProps,
  FunctionSubscriberProps,
  PullSubscriber,
  PullSubscriberProps,
  PullWorkers,
  PullWorkersProps,
  Subscriber,
  SubscriberOptions,
  SubscriberProps,
} from "./patterns/fanout-subscribers";
export type {
  BatchPredictionStepProps,
  ContainerJobStepProps,
  DataflowStepJob,
  DataflowStepProps,
  JobStepOptions,
  JobStepProps,
  VertexTrainingStepProps,
} from "./patterns/pipeline-jobs";
export type { PreprocessingJobProps } from "./patterns/preprocessing-job";
export { PubSubFanout, type PubSubFanoutProps } from "./patterns/pubsub-fanout";
export { ScheduledPreprocessing, type ScheduledPreprocessingProps } from "./patterns/scheduled-preprocessing";
export {
  type ContainerStepProps,
  type FunctionStepProps,
  type PipelineSchedule,
  type PipelineStepProps,
  TaskPipeline,
  type TaskPipelineProps,
} from "./patterns/task-pipeline";
export type { ContainerWorkerProps, FunctionWorkerProps, Worker, WorkerProps } from "./patterns/worker";

export { synthesize } from "./synthesize";
