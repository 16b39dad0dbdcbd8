import type { Stack } from "@cdktf-serverless-ml/terraform-json";
import type { Emulator, EmulatorContext, EvaluatedResource, Simulated } from "../core/emulator";
import { LoadError } from "../core/load-error";
import { DataflowEmulator } from "../dataflow";
import type { TopicPublisher } from "../pubsub/publisher";
import { PubSubEmulator } from "../pubsub/pubsub";
import { SchedulerEmulator } from "../scheduler/scheduler";
import { SecretManagerEmulator, type Secrets } from "../secrets";
import { StorageEmulator } from "../storage";
import type { StoredObject } from "../storage/stored-object";
import { TasksEmulator } from "../tasks/cloud-tasks";
import { type ChooseModel, VertexEmulator } from "../vertex";
import { WorkflowsEmulator } from "../workflows";

/** What all emulators honour. */
export const SIMULATED_SERVICES: readonly Simulated[] = [
  TasksEmulator,
  DataflowEmulator,
  PubSubEmulator,
  SchedulerEmulator,
  SecretManagerEmulator,
  StorageEmulator,
  VertexEmulator,
  WorkflowsEmulator,
].map(({ simulated }) => simulated);

export interface Emulators {
  readonly tasks: TasksEmulator;
  readonly dataflow: DataflowEmulator;
  readonly pubsub: PubSubEmulator;
  readonly scheduler: SchedulerEmulator;
  readonly secrets: SecretManagerEmulator;
  readonly storage: StorageEmulator;
  readonly vertex: VertexEmulator;
  readonly workflows: WorkflowsEmulator;
}

export function all(emulators: Emulators): Emulator[] {
  return Object.values(emulators);
}

export interface EmulatorOptions {
  readonly secrets: Secrets;
  /** Told each object that is written. */
  readonly onWrite: (object: StoredObject) => void;
  /** Told each task that a queue takes on. */
  readonly onTask: (queue: string, id: string, body: Buffer) => void;
  /** Makes what Pub/Sub and Cloud Storage publish with of what they would. */
  readonly publisher?: (publisher: TopicPublisher) => TopicPublisher;
  /** Which model answers a prediction. Default: Iris. */
  readonly chooseModel?: ChooseModel;
}

/**
 * One emulator of each service, with the stack's resources.
 *
 * @throws LoadError with the reasons of all; ApiError for what the deployment may not do
 */
export function createEmulators(
  context: EmulatorContext,
  { resources, folder }: Stack,
  { secrets, onWrite, onTask, publisher = (same) => same, chooseModel }: EmulatorOptions,
): Emulators {
  const reasons: string[] = [];
  const attempt = <T>(create: (resources: readonly EvaluatedResource[]) => T): T => {
    try {
      return create(resources);
    } catch (error) {
      if (!(error instanceof LoadError)) throw error;
      reasons.push(...error.reasons);
      // Thrown below, once all have said what they have to say.
      return undefined as T;
    }
  };
  const tasks = attempt((resources) => new TasksEmulator(context, resources, { onTask }));
  const pubsub = attempt((resources) => new PubSubEmulator(context, resources, { publisher }));
  const scheduler = attempt((resources) => new SchedulerEmulator(context, resources));
  const secretManager = attempt((resources) => new SecretManagerEmulator(context, resources, secrets));
  const storage = attempt(
    (resources) =>
      new StorageEmulator(context, resources, {
        directory: folder,
        publisher: pubsub && publisher(pubsub),
        onChange: ({ type, object }) => {
          if (type === "OBJECT_FINALIZE") onWrite(object);
        },
      }),
  );
  const dataflow = attempt((resources) => new DataflowEmulator(context, resources, storage));
  const vertex = attempt((resources) => new VertexEmulator(context, resources, chooseModel));
  const workflows = attempt((resources) => new WorkflowsEmulator(context, resources));
  if (reasons.length > 0) throw new LoadError(reasons);
  return { tasks, dataflow, pubsub, scheduler, secrets: secretManager, storage, vertex, workflows };
}
