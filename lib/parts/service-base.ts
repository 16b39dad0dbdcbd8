import { CloudRunV2ServiceIamMember } from "@cdktf/provider-google/lib/cloud-run-v2-service-iam-member";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import type { Duration } from "../core/duration";
import type { Grantee, IGrantable } from "../core/grantee";
import { report } from "../core/validation";
import { Alerts } from "./alerts";
import type { Environment } from "./environment";
import { grantOnce } from "./grants";
import type { IDeadLetter } from "./publish-target";
import type { ServiceIdentity } from "./service-identity";
import type { IWorker } from "./worker";

/**
 * Networks from which a function or a container service can be reached, before IAM is asked. With
 * `ALLOW_INTERNAL_ONLY`, Cloud Tasks, Cloud Scheduler, Pub/Sub, Eventarc and Workflows of the same
 * project still reach it.
 */
export type Ingress = "ALLOW_INTERNAL_ONLY" | "ALLOW_INTERNAL_AND_GCLB" | "ALLOW_ALL";

/** What a Cloud Run service can do, whether this app creates it or not. */
export abstract class ServiceBase extends Construct implements IWorker {
  abstract readonly name: string;
  abstract readonly uri: string;
  abstract readonly timeout: Duration;
  abstract readonly maxInstances: number;
  abstract readonly concurrency: number;
  /** The name as Terraform knows it, so that a grant comes after the service. */
  protected abstract readonly reference: string;

  abstract addEnvironment(key: string, value: string): void;
  abstract useDeadLetter(deadLetter: IDeadLetter, maxAttempts?: number): void;

  /**
   * Lets a principal call it. A function or container that calls a service with internal ingress
   * also needs `vpc`: Cloud Run counts its own services as internal only where the request comes
   * through a VPC network (https://cloud.google.com/run/docs/securing/ingress).
   *
   * Grants `roles/run.invoker` on the Cloud Run service. `roles/cloudfunctions.invoker` has no
   * effect on functions of the 2nd gen.
   */
  grantInvoke(to: IGrantable): CloudRunV2ServiceIamMember {
    const { project, region } = Deployment.of(this);
    return grantOnce(
      this,
      "roles/run.invoker",
      to,
      (id, grant) =>
        new CloudRunV2ServiceIamMember(this, id, { project, location: region, name: this.reference, ...grant }),
    );
  }
}

/** A Cloud Run service that this app creates. */
export abstract class CreatedService extends ServiceBase implements IGrantable {
  /** The service account that the code runs as. */
  abstract readonly identity: ServiceIdentity;
  protected abstract readonly environment: Environment;
  /** For messages. */
  protected abstract readonly kind: "function" | "service";
  private deadLetter?: IDeadLetter;

  get grantee(): Grantee {
    return this.identity.grantee;
  }

  /** Sets an environment variable. Reports ReservedVariable and InvalidValue. */
  addEnvironment(key: string, value: string): void {
    this.environment.set(key, value);
  }

  /**
   * Tells the code where to send what it cannot process: sets `DEAD_LETTER_TOPIC` and, with
   * `maxAttempts`, `MAX_ATTEMPTS`.
   *
   * Grants `roles/pubsub.publisher` on the dead-letter topic to its identity. Reports
   * ConflictingTarget where it already has another dead letter.
   */
  useDeadLetter(deadLetter: IDeadLetter, maxAttempts?: number): void {
    if (this.deadLetter && this.deadLetter !== deadLetter) {
      report(
        this,
        "ConflictingTarget",
        `the ${this.kind} already has the dead letter [${this.deadLetter.node.path}] and cannot have [${deadLetter.node.path}] as well`,
      );
      return;
    }
    this.deadLetter = deadLetter;
    deadLetter.topic.grantPublish(this);
    this.addEnvironment("DEAD_LETTER_TOPIC", deadLetter.topic.fullName);
    if (maxAttempts !== undefined) this.addEnvironment("MAX_ATTEMPTS", String(maxAttempts));
  }

  protected addErrorAlert(): void {
    Alerts.of(this).add(this, {
      title: `${this.name} answers with errors`,
      runbook: `The ${this.kind} \`${this.name}\` answered more than 5 requests in 5 minutes with a 5xx status. Callers retry; read its logs for the reason.`,
      filter: `metric.type="run.googleapis.com/request_count" AND resource.type="cloud_run_revision" AND resource.labels.service_name="${this.name}" AND metric.labels.response_code_class="5xx"`,
      aligner: "ALIGN_DELTA",
      threshold: 5,
    });
  }
}
