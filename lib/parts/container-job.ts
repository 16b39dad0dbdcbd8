import { CloudRunV2Job, type CloudRunV2JobConfig } from "@cdktf/provider-google/lib/cloud-run-v2-job";
import { CloudRunV2JobIamMember } from "@cdktf/provider-google/lib/cloud-run-v2-job-iam-member";
import { Construct, type IConstruct } from "constructs";
import { Deployment } from "../core/deployment";
import { Duration } from "../core/duration";
import type { Grantee, IGrantable } from "../core/grantee";
import { checkImportedName, resourceName } from "../core/names";
import { check, inRange, isKnown } from "../core/validation";
import { Alerts } from "./alerts";
import type { IBucket } from "./bucket";
import { Container, type ContainerProps, type MountOptions } from "./container";
import { CustomRole } from "./custom-role";
import { protectedFromDeletion } from "./deletion-protection";
import { grantOnce } from "./grants";
import { ServiceIdentity } from "./service-identity";
import { type DirectVpcEgress, type VpcEgress, vpcAccess, vpcRules } from "./vpc-egress";

/** A Cloud Run job, whether this app creates it or not. */
export interface IContainerJob extends IConstruct {
  /** Last part of `fullName`. */
  readonly name: string;
  /** `projects/<project>/locations/<region>/jobs/<job>`, known before anything is applied. */
  readonly fullName: string;
  /**
   * Lets a principal start executions with other variables and arguments, watch and cancel them.
   *
   * Grants a custom role on the job: `run.jobs.run`, `run.jobs.runWithOverrides`,
   * `run.executions.get`, `run.executions.list` and `run.executions.cancel`. `roles/run.invoker`
   * cannot override anything, `roles/run.jobsExecutorWithOverrides` cannot list. That permissions
   * on executions are asked of the job's policy follows from the hierarchy of resources; it was not
   * tried live.
   */
  grantRun(to: IGrantable): CloudRunV2JobIamMember;
}

/** Properties of {@link ContainerJob}. */
export interface ContainerJobProps extends ContainerProps {
  /**
   * Tasks of an execution: 1 to 10,000. Each is told its number in `CLOUD_RUN_TASK_INDEX`.
   * @default 1
   */
  readonly taskCount?: number;
  /**
   * Tasks at one time: 1 to `taskCount`.
   * @default - as many as Cloud Run can start
   */
  readonly parallelism?: number;
  /**
   * How long one attempt at a task may take: 1 second to 7 days, to 12 hours with a GPU. Tasks with
   * a GPU end when Google maintains the machine, so long ones must continue from a checkpoint.
   * @default Duration.minutes(10)
   */
  readonly timeout?: Duration;
  /**
   * Retries of a task that fails: 0 to 10.
   * @default 3
   */
  readonly retries?: number;
  /**
   * VPC network for requests that the container makes: directly, or through a connector.
   * @default - requests go to the internet directly
   */
  readonly vpc?: VpcEgress | DirectVpcEgress;
  /**
   * Makes Terraform refuse to delete or rename the job, which would end its running executions
   * (`prevent_destroy` and `deletion_protection`, as of `Workflow`). To destroy the job, set
   * `false` and apply that first: `deletion_protection` is in the state, and would stop a destroy
   * halfway.
   * @default true
   */
  readonly deletionProtection?: boolean;
  /**
   * Shallow overrides of the inner `google_cloud_run_v2_job`. With `template`, variables and mounts
   * that are added later have no effect.
   * @default - none
   */
  readonly overrides?: Partial<CloudRunV2JobConfig>;
}

abstract class JobBase extends Construct implements IContainerJob {
  abstract readonly name: string;
  /** The name as Terraform knows it, so that a grant comes after the job. */
  protected abstract readonly reference: string;

  get fullName(): string {
    const { project, region } = Deployment.of(this);
    return `projects/${project}/locations/${region}/jobs/${this.name}`;
  }

  grantRun(to: IGrantable): CloudRunV2JobIamMember {
    const { project, region } = Deployment.of(this);
    const key = "job-runner";
    const role = CustomRole.of(this, key, {
      title: "Cloud Run job runner",
      description: "Runs jobs with overrides, watches and cancels their executions, and nothing else",
      permissions: [
        "run.jobs.run",
        "run.jobs.runWithOverrides",
        "run.executions.get",
        "run.executions.list",
        "run.executions.cancel",
      ],
    });
    return grantOnce(
      this,
      role.resource.name,
      to,
      (id, grant) =>
        new CloudRunV2JobIamMember(this, id, { project, location: region, name: this.reference, ...grant }),
      key,
    );
  }
}

/**
 * A container that runs to its end (Cloud Run job), with its own identity. {@link
 * ContainerJob.grantRun} lets a principal run it.
 *
 * Reports what Google would refuse: InvalidImage, OutOfRange, CpuMemoryMismatch, GpuMismatch,
 * UnsupportedRegion, TimeoutTooLong, InvalidName, ReservedVariable, InvalidValue, DuplicateId,
 * OtherStack.
 */
export class ContainerJob extends JobBase implements IGrantable {
  /**
   * A job of the deployment's project and region that this app does not create. Reports
   * InvalidName.
   */
  static fromName(scope: Construct, id: string, name: string): IContainerJob {
    return new ImportedJob(scope, id, name);
  }

  /** The inner `google_cloud_run_v2_job`. */
  readonly resource: CloudRunV2Job;
  /** The service account that the code runs as. */
  readonly identity: ServiceIdentity;
  /** Name of the resource, known before anything is applied. */
  readonly name: string;
  /** Tasks of an execution. */
  readonly taskCount: number;
  /** Tasks at one time. Undefined where Cloud Run starts as many tasks as it can. */
  readonly parallelism?: number;
  /** How long one attempt at a task may take. */
  readonly timeout: Duration;
  /** Retries of a task that fails. */
  readonly retries: number;
  private readonly container: Container;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: ContainerJobProps,
  ) {
    super(scope, id);
    const { project, region, labels } = Deployment.of(this);
    this.taskCount = props.taskCount ?? 1;
    this.parallelism = props.parallelism;
    this.timeout = props.timeout ?? Duration.minutes(10);
    this.retries = props.retries ?? 3;
    this.checkProps();

    this.identity = props.identity ?? new ServiceIdentity(this, "identity", { description: `Runs the job ${id}` });
    this.name = resourceName(this, "job", props.name);
    this.container = new Container(this, props, "job");
    this.resource = new CloudRunV2Job(this, "Resource", {
      project,
      location: region,
      name: this.name,
      labels,
      ...protectedFromDeletion(props.deletionProtection ?? true),
      template: this.template(),
      dependsOn: this.container.dependsOn,
      ...props.overrides,
    });
    this.container.attach(this.resource, () => this.resource.putTemplate(this.template()));
    this.addAlert();
  }

  protected get reference(): string {
    return this.resource.name;
  }

  get grantee(): Grantee {
    return this.identity.grantee;
  }

  /** Sets an environment variable. Reports ReservedVariable and InvalidValue. */
  addEnvironment(key: string, value: string): void {
    this.container.environment.set(key, value);
  }

  /**
   * Shows a bucket to the container as a folder. A bucket in another region is a warning.
   *
   * Grants `roles/storage.objectViewer` on the bucket to the identity, or
   * `roles/storage.objectUser` where it is not `readOnly`. Reports InvalidValue, DuplicateId and
   * OtherStack.
   *
   * @param path absolute path of the folder, such as `/models`
   */
  mount(bucket: IBucket, path: string, options: MountOptions = {}): void {
    this.container.mount(bucket, path, options);
  }

  /**
   * Sources: https://cloud.google.com/run/quotas,
   * https://cloud.google.com/run/docs/configuring/task-timeout
   */
  private checkProps(): void {
    const { gpu, vpc } = this.props;
    const seconds = this.timeout.toSeconds();
    check(this, [
      inRange("taskCount", this.taskCount, { min: 1, max: 10000, integer: true }),
      inRange("parallelism", this.parallelism, {
        min: 1,
        max: isKnown(this.taskCount) ? Math.max(1, this.taskCount) : 10000,
        integer: true,
      }),
      inRange("timeout", seconds, { min: 1, max: 604800, unit: "seconds", integer: true }),
      inRange("retries", this.retries, { min: 0, max: 10, integer: true }),
      ...vpcRules(vpc),
      {
        code: "TimeoutTooLong",
        broken: gpu !== undefined && seconds > 43200 && seconds <= 604800,
        message: `the timeout is ${this.timeout}; Cloud Run ends tasks with a GPU after 43200s (12 hours)`,
      },
    ]);
  }

  private template(): CloudRunV2JobConfig["template"] {
    const { vpc } = this.props;
    return {
      taskCount: this.taskCount,
      parallelism: this.parallelism,
      template: {
        ...this.container.template(),
        serviceAccount: this.identity.email,
        executionEnvironment: "EXECUTION_ENVIRONMENT_GEN2",
        timeout: this.timeout.toString(),
        maxRetries: this.retries,
        vpcAccess: vpc && vpcAccess(vpc),
        containers: [this.container.block()],
      },
    };
  }

  /** Source of metric and labels: https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-run */
  private addAlert(): void {
    Alerts.of(this).add(this, {
      title: `Executions of ${this.name} fail`,
      runbook: `An execution of the job \`${this.name}\` failed: a task was out of retries. The logs of its tasks say why. Once the cause is mended, execute it again.`,
      filter: `metric.type="run.googleapis.com/job/completed_execution_count" AND resource.type="cloud_run_job" AND resource.labels.job_name="${this.name}" AND metric.labels.result="failed"`,
      aligner: "ALIGN_DELTA",
      threshold: 0,
    });
  }
}

class ImportedJob extends JobBase {
  constructor(
    scope: Construct,
    id: string,
    readonly name: string,
  ) {
    super(scope, id);
    checkImportedName(this, "job", name);
  }

  protected get reference(): string {
    return this.name;
  }
}
