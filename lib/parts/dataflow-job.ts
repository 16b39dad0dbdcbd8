import { type DataflowJobConfig, DataflowJob as DataflowJobResource } from "@cdktf/provider-google/lib/dataflow-job";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import { Duration } from "../core/duration";
import { resourceName } from "../core/names";
import { mapValues } from "../core/records";
import { literal, literals } from "../core/terraform-text";
import { check } from "../core/validation";
import { type DataflowTemplate, JOB_NAME } from "./dataflow-template";
import type { DataflowWorkers } from "./dataflow-workers";
import { Wait } from "./order";

/** Properties of {@link DataflowJob}. */
export interface DataflowJobProps {
  /** A classic template. Only the provider's beta launches flex templates. */
  readonly template: DataflowTemplate;
  /** The workers on which the job runs. */
  readonly workers: DataflowWorkers;
  /** Parameters of the template. {@link JOB_NAME} in a value becomes the job's name. */
  readonly parameters: Readonly<Record<string, string>>;
  /**
   * 1 to 1024 of `a-z0-9-`.
   * @default - made of the construct path and the environment
   */
  readonly name?: string;
  /**
   * Shallow overrides of the inner `google_dataflow_job`.
   * @default - none
   */
  readonly overrides?: Partial<DataflowJobConfig>;
}

/**
 * A job that Terraform launches when it applies.
 *
 * Terraform forgets a batch job that has ended and launches it again on the next apply
 * (https://github.com/hashicorp/terraform-provider-google/issues/7152). Use a schedule for
 * recurring work.
 *
 * Reports InvalidValue for a flex template, and InvalidName.
 */
export class DataflowJob extends Construct {
  /** The inner `google_dataflow_job`. */
  readonly resource: DataflowJobResource;
  /** Name of the resource, known before anything is applied. */
  readonly name: string;

  constructor(scope: Construct, id: string, props: DataflowJobProps) {
    super(scope, id);
    const { project, region, labels } = Deployment.of(this);
    const { template, workers } = props;
    check(this, [
      {
        code: "InvalidValue",
        broken: template.kind !== "classic",
        message: `a deploy-time job has the ${template.kind} template ${template.path}; allowed is a classic one`,
      },
    ]);
    this.name = resourceName(this, "dataflowJob", props.name);
    this.resource = new DataflowJobResource(this, "Resource", {
      project,
      region,
      name: this.name,
      templateGcsPath: literal(template.path),
      tempGcsLocation: literal(workers.tempLocation),
      parameters: literals(mapValues(props.parameters, (value) => value.replaceAll(JOB_NAME, this.name))),
      serviceAccountEmail: workers.identity.email,
      maxWorkers: workers.maxWorkers,
      machineType: literal(workers.machineType),
      kmsKeyName: workers.encryptionKey?.name,
      ...workers.network,
      labels,
      // "drain" is for streaming jobs. With it, destroy would wait for the end of a batch job.
      onDelete: "cancel",
      dependsOn: [...workers.ready, this.pauseAfter(workers)],
      ...props.overrides,
    });
    workers.alertOnFailure(this, this.name);
  }

  /**
   * A job fails for good where its grants have no effect yet. In general they have within 2 minutes
   * (https://cloud.google.com/iam/docs/access-change-propagation).
   */
  private pauseAfter(workers: DataflowWorkers): Wait {
    const wait = new Wait(this, "grants-reach-dataflow", Duration.minutes(2));
    for (const grant of workers.grants) wait.waitFor(grant);
    return wait;
  }
}
