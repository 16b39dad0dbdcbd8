import { join } from "node:path";
import { Construct } from "constructs";
import type { StartWorkflowEnvironment } from "../../functions/start-workflow/environment";
import { Duration } from "../core/duration";
import { FunctionSource } from "../core/function-source";
import type { IGrantable } from "../core/grantee";
import { packageRoot } from "../core/package-root";
import { check, inRange } from "../core/validation";
import { Alerts } from "../parts/alerts";
import { Bucket, type IBucket } from "../parts/bucket";
import { DeadLetter } from "../parts/dead-letter";
import { DeadLetterRedrive, type RedriveProps } from "../parts/dead-letter-redrive";
import type { EncryptionKey } from "../parts/encryption-key";
import { createAfter } from "../parts/order";
import type { PredictionEndpoint } from "../parts/prediction-endpoint";
import type { PushSubscription, PushSubscriptionProps } from "../parts/push-subscription";
import { ServiceIdentity } from "../parts/service-identity";
import { Topic } from "../parts/topic";
import { Workflow, type WorkflowProps } from "../parts/workflow";
import { createWorker, environment, PUSH_INSTANCES, type Worker, type WorkerProps } from "./worker";

/** Properties of {@link EventWorkflow}. */
export interface EventWorkflowProps {
  /** Endpoint from which the workflow gets predictions. */
  readonly endpoint: PredictionEndpoint;
  /**
   * Overrides of the workflow, including its definition.
   * @default - `workflows/ml-prediction-workflow.yaml` of this package
   */
  readonly workflow?: Partial<Omit<WorkflowProps, "encryptionKey">>;
  /**
   * Overrides of the function that starts executions, or a container in its place.
   * @default - the function `start-workflow` of this package
   */
  readonly starter?: WorkerProps;
  /**
   * Receives uploads.
   * @default - a new bucket
   */
  readonly uploadBucket?: IBucket;
  /**
   * Receives results.
   * @default - a new bucket
   */
  readonly resultsBucket?: IBucket;
  /**
   * Name of the topic for notifications of uploads.
   * @default - made of the construct path and the environment
   */
  readonly topicName?: string;
  /**
   * Processes only objects whose name begins with this: up to 1024 bytes of UTF-8.
   * @default - all uploads
   */
  readonly prefix?: string;
  /**
   * Overrides of the push subscription: backoff, delivery attempts, ordering, retention,
   * `grantTokenCreator`.
   * @default - 20 delivery attempts, 10 seconds to 10 minutes apart, not ordered
   */
  readonly subscription?: Omit<PushSubscriptionProps, "filter" | "deadLetter">;
  /**
   * Records in one call of the endpoint: 1 to 1000. Their predictions must fit into the workflow's
   * memory, about 130 KB of JSON, so use fewer for embeddings. An upload has at most 1,000 chunks.
   * @default 50
   */
  readonly chunkSize?: number;
  /**
   * Largest upload, in bytes: 1 to 131072. All variables of a workflow may take 512 KB; the
   * definition counts what an upload takes of them.
   * @default 131072
   */
  readonly maxUploadBytes?: number;
  /**
   * Keeps messages that failed for good. Without it, Pub/Sub delivers them until they expire.
   * @default true
   */
  readonly deadLetter?: boolean;
  /**
   * Overrides of the function that puts dead letters back. `ingress` opens it to the internet; IAM
   * still applies. False: there is none.
   * @default - the function `dead-letter-redrive` of this package
   */
  readonly redrive?: RedriveProps | false;
  /**
   * Principal that may upload and read results.
   * @default - a new service account for callers to impersonate
   */
  readonly client?: IGrantable;
  /**
   * Key that encrypts buckets, topics, workflow and function.
   * @default - Google's keys
   */
  readonly encryptionKey?: EncryptionKey;
}

/**
 * Predictions for each upload: bucket, notification, topic, function, workflow, Vertex AI, results
 * bucket. Each generation of an object takes effect once, however often its message is delivered.
 *
 * Grants the roles that docs/event-workflow.md lists under "Who may do what".
 * Reports OutOfRange.
 */
export class EventWorkflow extends Construct {
  /** Receives uploads. */
  readonly uploadBucket: IBucket;
  /** Receives results. */
  readonly resultsBucket: IBucket;
  /** Carries a message for each upload. */
  readonly topic: Topic;
  /** Pushes the messages to the starter. */
  readonly subscription: PushSubscription;
  /** Starts an execution for each upload. */
  readonly starter: Worker;
  /** Predicts one upload. */
  readonly workflow: Workflow;
  /** Undefined with `deadLetter: false`. */
  readonly deadLetter?: DeadLetter;
  /** Puts dead letters back. Undefined with `redrive: false` or `deadLetter: false`. */
  readonly redrive?: DeadLetterRedrive;
  /** The caller: the principal that was given, or a new service account. */
  readonly client: IGrantable;

  constructor(scope: Construct, id: string, props: EventWorkflowProps) {
    super(scope, id);
    const { endpoint, encryptionKey } = props;
    const chunkSize = props.chunkSize ?? 50;
    const maxUploadBytes = props.maxUploadBytes ?? 131072;
    check(this, [
      inRange("chunkSize", chunkSize, { min: 1, max: 1000, integer: true }),
      inRange("maxUploadBytes", maxUploadBytes, { min: 1, max: 131072, unit: "bytes", integer: true }),
    ]);

    this.uploadBucket = props.uploadBucket ?? new Bucket(this, "uploads", { encryptionKey });
    this.resultsBucket = props.resultsBucket ?? new Bucket(this, "results", { encryptionKey });
    this.workflow = new Workflow(this, "workflow", {
      source: join(packageRoot(), "workflows", "ml-prediction-workflow.yaml"),
      description: "Predicts the records of one uploaded object",
      encryptionKey,
      ...props.workflow,
      variables: {
        RESULTS_BUCKET: this.resultsBucket.name,
        PREDICT_URL: endpoint.predictUrl,
        CHUNK_SIZE: String(chunkSize),
        ...props.workflow?.variables,
      },
    });
    this.uploadBucket.grantRead(this.workflow);
    this.resultsBucket.grantRead(this.workflow);
    this.resultsBucket.grantCreate(this.workflow);
    endpoint.grantPredict(this.workflow);

    // The definition of this package logs this entry. A definition of the user's own may log it
    // too.
    Alerts.of(this).addLogAlert(this, {
      title: `Records of uploads fail in ${this.workflow.name}`,
      runbook: `Some records of an upload were not predicted. The log entry names its manifest, which lists them with the model's reasons. Once the cause is mended, execute the workflow \`${this.workflow.name}\` with the upload's bucket, object and generation and \`"repetition": 1\`: it predicts these records alone.`,
      filter: `resource.type="workflows.googleapis.com/Workflow" AND resource.labels.workflow_id="${this.workflow.name}" AND jsonPayload.event="upload_partial"`,
    });

    this.starter = this.addStarter(props, maxUploadBytes);
    this.workflow.grantExecute(this.starter);

    this.deadLetter = props.deadLetter === false ? undefined : new DeadLetter(this, "dead-letter", { encryptionKey });
    this.topic = new Topic(this, "topic", { name: props.topicName, encryptionKey });
    this.subscription = this.topic.addPushSubscription("start-workflow", this.starter, {
      ...props.subscription,
      deadLetter: this.deadLetter,
    });
    const notification = this.uploadBucket.notify(this.topic, { events: ["OBJECT_FINALIZE"], prefix: props.prefix });
    // After an apply that stopped halfway, an upload must not be lost for want of a subscription,
    // nor start a workflow that does not exist yet.
    createAfter(notification, [this.subscription.resource]);
    createAfter(this.subscription.resource, [this.workflow.resource]);

    this.client =
      props.client ?? new ServiceIdentity(this, "client", { description: "Uploads objects and reads results" });
    this.uploadBucket.grantCreate(this.client);
    this.resultsBucket.grantRead(this.client);
    const { client, deadLetter, subscription } = this;
    this.redrive = DeadLetterRedrive.ofPattern(this, props.redrive, { client, encryptionKey }, [
      { deadLetter, subscription },
    ]);
  }

  private addStarter(props: EventWorkflowProps, maxUploadBytes: number): Worker {
    const defaults = {
      source: FunctionSource.builtIn("start-workflow"),
      description: "Starts an execution of the workflow for an upload",
      timeout: Duration.seconds(30),
      maxInstances: PUSH_INSTANCES,
      encryptionKey: props.encryptionKey,
      environment: environment<StartWorkflowEnvironment>(
        {
          WORKFLOW: this.workflow.fullName,
          UPLOAD_BUCKET: this.uploadBucket.name,
          MAX_UPLOAD_BYTES: String(maxUploadBytes),
        },
        props.starter?.environment,
      ),
    };
    return createWorker(this, "start-workflow", defaults, props.starter);
  }
}
