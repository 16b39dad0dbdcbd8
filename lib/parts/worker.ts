import type { CloudRunV2ServiceIamMember } from "@cdktf/provider-google/lib/cloud-run-v2-service-iam-member";
import type { IConstruct } from "constructs";
import type { Duration } from "../core/duration";
import type { IGrantable } from "../core/grantee";
import type { IDeadLetter } from "./publish-target";

/**
 * What Cloud Tasks, Pub/Sub, Cloud Scheduler and the steps of a pipeline hand work to: an HTTP
 * service on Cloud Run, whether this app creates it or not.
 */
export interface IWorker extends IConstruct {
  /** Name of the Cloud Run service. */
  readonly name: string;
  /** URL that is called. It is also the audience of ID tokens. */
  readonly uri: string;
  /** How long one request may take. */
  readonly timeout: Duration;
  /** Instances at most. */
  readonly maxInstances: number;
  /** Requests at one time on one instance. */
  readonly concurrency: number;
  /** Lets a principal call it. Grants `roles/run.invoker` on the Cloud Run service. */
  grantInvoke(to: IGrantable): CloudRunV2ServiceIamMember;
  /** Sets an environment variable. Reports UnsupportedOnImport where another app creates it. */
  addEnvironment(key: string, value: string): void;
  /**
   * Tells it where to send what it cannot process: sets `DEAD_LETTER_TOPIC` and, with
   * `maxAttempts`, `MAX_ATTEMPTS`.
   *
   * Grants `roles/pubsub.publisher` on the dead-letter topic to it.
   */
  useDeadLetter(deadLetter: IDeadLetter, maxAttempts?: number): void;
}
