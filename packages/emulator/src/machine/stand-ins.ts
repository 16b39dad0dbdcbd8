import type { Stack } from "@cdktf-serverless-ml/terraform-json";
import { LoadError } from "../core/load-error";
import type { EvaluatedResource, Simulated, StandIn, Surroundings } from "../core/stand-in";
import { DataflowStandIn } from "../dataflow";
import type { TopicPublisher } from "../pubsub/publisher";
import { PubSubStandIn } from "../pubsub/pubsub";
import { SchedulerStandIn } from "../scheduler/scheduler";
import { SecretManagerStandIn, type Secrets } from "../secrets";
import { StorageStandIn } from "../storage";
import type { StoredObject } from "../storage/stored-object";
import { CloudTasksStandIn } from "../tasks/cloud-tasks";
import { type ChooseModel, VertexStandIn } from "../vertex";
import { WorkflowsStandIn } from "../workflows";

/** What all stand-ins honour. */
export const SIMULATED_SERVICES: readonly Simulated[] = [
  CloudTasksStandIn,
  DataflowStandIn,
  PubSubStandIn,
  SchedulerStandIn,
  SecretManagerStandIn,
  StorageStandIn,
  VertexStandIn,
  WorkflowsStandIn,
].map(({ simulated }) => simulated);

export interface StandIns {
  readonly tasks: CloudTasksStandIn;
  readonly dataflow: DataflowStandIn;
  readonly pubsub: PubSubStandIn;
  readonly scheduler: SchedulerStandIn;
  readonly secrets: SecretManagerStandIn;
  readonly storage: StorageStandIn;
  readonly vertex: VertexStandIn;
  readonly workflows: WorkflowsStandIn;
}

export function all(standIns: StandIns): StandIn[] {
  return Object.values(standIns);
}

export interface StandInOptions {
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
 * One stand-in of each service, with the stack's resources.
 *
 * @throws LoadError with the reasons of all; ApiError for what the deployment may not do
 */
export function createStandIns(
  surroundings: Surroundings,
  { resources, folder }: Stack,
  { secrets, onWrite, onTask, publisher = (same) => same, chooseModel }: StandInOptions,
): StandIns {
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
  const tasks = attempt((resources) => new CloudTasksStandIn(surroundings, resources, { onTask }));
  const pubsub = attempt((resources) => new PubSubStandIn(surroundings, resources, { publisher }));
  const scheduler = attempt((resources) => new SchedulerStandIn(surroundings, resources));
  const secretManager = attempt((resources) => new SecretManagerStandIn(surroundings, resources, secrets));
  const storage = attempt(
    (resources) =>
      new StorageStandIn(surroundings, resources, {
        directory: folder,
        publisher: pubsub && publisher(pubsub),
        onChange: ({ type, object }) => {
          if (type === "OBJECT_FINALIZE") onWrite(object);
        },
      }),
  );
  const dataflow = attempt((resources) => new DataflowStandIn(surroundings, resources, storage));
  const vertex = attempt((resources) => new VertexStandIn(surroundings, resources, chooseModel));
  const workflows = attempt((resources) => new WorkflowsStandIn(surroundings, resources));
  if (reasons.length > 0) throw new LoadError(reasons);
  return { tasks, dataflow, pubsub, scheduler, secrets: secretManager, storage, vertex, workflows };
}
