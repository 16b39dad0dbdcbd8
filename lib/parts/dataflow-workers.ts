import type { ProjectIamMember } from "@cdktf/provider-google/lib/project-iam-member";
import type { ITerraformDependable, TerraformResource } from "cdktf";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import type { Grantee, IGrantable } from "../core/grantee";
import { check, inRange, isKnown, matches } from "../core/validation";
import { Alerts } from "./alerts";
import type { IBucket } from "./bucket";
import { CustomRole } from "./custom-role";
import type { DataflowEnvironment, DataflowEnvironmentOptions } from "./dataflow-environment";
import type { EncryptionKey } from "./encryption-key";
import { grantOnProject } from "./grants";
import { RequiredApis } from "./required-apis";
import { ServiceAgents } from "./service-agents";
import { ServiceIdentity } from "./service-identity";

/** Properties of {@link DataflowWorkers}. */
export interface DataflowWorkersProps {
  /** Holds temporary files of the jobs. */
  readonly tempBucket: IBucket;
  /** Receives the results of the jobs. */
  readonly outputBucket: IBucket;
  /**
   * Buckets that the jobs read. Public buckets need no grant.
   * @default - none
   */
  readonly inputBuckets?: readonly IBucket[];
  /**
   * Workers at most: 1 to 1000.
   * @default 3
   */
  readonly maxWorkers?: number;
  /**
   * Machine type, such as `n1-standard-2`.
   * @default - chosen by Dataflow
   */
  readonly machineType?: string;
  /**
   * Network of the workers' machines.
   * @default - as Dataflow has it: the network `default`, machines with external addresses
   */
  readonly network?: DataflowNetwork;
  /**
   * Key that encrypts the data of the jobs.
   * @default - Google's keys
   */
  readonly encryptionKey?: EncryptionKey;
}

/**
 * The network of the workers' machines. Jobs of more than one worker need `tcp:12345-12346` open
 * between them.
 */
export interface DataflowNetwork {
  /**
   * Name of the network.
   * @default - `default`, or the network of the subnetwork
   */
  readonly network?: string;
  /**
   * `regions/<region>/subnetworks/<name>` in the region of the jobs, after `projects/<project>/`
   * for a shared VPC. Needed for a network in custom subnet mode.
   * @default - the automatic subnetwork of the region
   */
  readonly subnetwork?: string;
  /**
   * Gives the machines internal addresses only. The subnetwork must have Private Google Access.
   * Otherwise jobs wait for workers that never report.
   * @default false
   */
  readonly privateIps?: boolean;
}

/**
 * The workers of Dataflow jobs, with their own identity.
 *
 * Grants to the identity `roles/dataflow.worker` on the project (Dataflow has no IAM of single
 * jobs), `roles/storage.objectUser` on the temporary and the output bucket, and
 * `roles/storage.objectViewer` on the input buckets. Reports OutOfRange and InvalidValue.
 */
export class DataflowWorkers extends Construct implements IGrantable {
  /** The service account that the workers run as. */
  readonly identity: ServiceIdentity;
  /** `gs://<bucket>/temp`, for temporary files. */
  readonly tempLocation: string;
  /** Workers at most. */
  readonly maxWorkers: number;
  /** What a job that Terraform launches depends on: the APIs and the grants. */
  readonly ready: readonly ITerraformDependable[];
  /**
   * The grants that the workers of a job need. They take effect with a delay.
   *
   * @internal
   */
  readonly grants: readonly TerraformResource[];
  private readonly props: DataflowWorkersProps;

  constructor(scope: Construct, id: string, props: DataflowWorkersProps) {
    super(scope, id);
    this.props = props;
    this.maxWorkers = props.maxWorkers ?? 3;
    const { network, subnetwork } = props.network ?? {};
    check(this, [
      inRange("maxWorkers", this.maxWorkers, { min: 1, max: 1000, integer: true }),
      matches("network", network, /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/, "the name of a network"),
      matches(
        "subnetwork",
        subnetwork,
        /^(projects\/[^/\s]+\/)?regions\/[a-z0-9-]+\/subnetworks\/[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/,
        "regions/<region>/subnetworks/<name>, with projects/<project>/ before it for a shared VPC",
      ),
      {
        code: "InvalidValue",
        broken: isKnown(subnetwork) && !subnetwork.includes(`regions/${Deployment.of(this).region}/`),
        message: `subnetwork is "${subnetwork}"; allowed is one of the region of the jobs, ${Deployment.of(this).region}`,
      },
    ]);

    this.identity = new ServiceIdentity(this, "identity", { description: "Runs the workers of Dataflow jobs" });
    const { encryptionKey } = props;
    const { dataflow, compute } = ServiceAgents.of(this);
    this.grants = [
      grantOnProject(this, "roles/dataflow.worker", this.identity),
      props.tempBucket.grantReadWrite(this.identity),
      props.outputBucket.grantReadWrite(this.identity),
      ...(props.inputBuckets ?? []).map((bucket) => bucket.grantRead(this.identity)),
      ...(encryptionKey ? [dataflow, compute].map((agent) => encryptionKey.grantUse(this, agent)) : []),
    ];
    this.ready = [...RequiredApis.of(this).ready("dataflow", "compute"), ...this.grants];
    this.tempLocation = `gs://${props.tempBucket.name}/temp`;
  }

  get grantee(): Grantee {
    return this.identity.grantee;
  }

  /** Machine type. Undefined where Dataflow chooses it. */
  get machineType(): string | undefined {
    return this.props.machineType;
  }

  /** Key that encrypts the data of the jobs. Undefined with Google's keys. */
  get encryptionKey(): EncryptionKey | undefined {
    return this.props.encryptionKey;
  }

  /** Network, subnetwork and addresses. Dataflow's REST API and the provider use the same names. */
  get network(): Pick<DataflowEnvironment, "network" | "subnetwork" | "ipConfiguration"> {
    const { network, subnetwork, privateIps } = this.props.network ?? {};
    return { network, subnetwork, ipConfiguration: privateIps ? "WORKER_IP_PRIVATE" : undefined };
  }

  /**
   * Adds an alert on failed jobs below `scope`.
   *
   * @param jobs full name of the jobs, or its beginning followed by `*`
   * @param id construct id of the alert below `scope`
   */
  alertOnFailure(scope: Construct, jobs: string, id = "failed-jobs"): void {
    const isPrefix = jobs.endsWith("*");
    const name = isPrefix ? `starts_with("${jobs.slice(0, -1)}")` : `"${jobs}"`;
    Alerts.of(this).add(scope, {
      id,
      title: `Dataflow jobs ${jobs} fail`,
      runbook: `A Dataflow job named \`${jobs}\` failed. What it wrote is incomplete. Its log says why (\`gcloud dataflow jobs list --status=terminated\`, then the console). Mend the cause and launch it again: nothing does so by itself.`,
      filter: `metric.type="dataflow.googleapis.com/job/is_failed" AND resource.type="dataflow_job" AND resource.labels.job_name=${name}`,
      aligner: "ALIGN_MAX",
      threshold: 0,
    });
  }

  /**
   * The environment of a job on these workers, for a launch through the REST API.
   *
   * @param job what one job has instead of the workers' own, and its pipeline options
   */
  environment(job: DataflowEnvironmentOptions = {}): DataflowEnvironment {
    const { pipelineOptions = [] } = job;
    return {
      tempLocation: this.tempLocation,
      serviceAccountEmail: this.identity.email,
      maxWorkers: job.maxWorkers ?? this.maxWorkers,
      machineType: job.machineType ?? this.props.machineType,
      kmsKeyName: this.props.encryptionKey?.name,
      ...this.network,
      additionalUserLabels: Deployment.of(this).labels,
      ...(pipelineOptions.length > 0 && { additionalPipelineOptions: pipelineOptions }),
    };
  }

  /**
   * Lets a principal launch jobs on these workers.
   *
   * Grants a custom role with `dataflow.jobs.create` and `dataflow.jobs.list` on the project, the
   * narrowest level there is. These are the permissions of the methods that a launcher calls
   * (https://cloud.google.com/dataflow/docs/concepts/access-control, "Required permissions").
   * `roles/dataflow.developer` could also cancel and change every job, and start builds, by which
   * service accounts can be impersonated.
   *
   * Also grants `roles/iam.serviceAccountUser` on the workers' identity, and
   * `roles/storage.objectUser` on the temporary bucket, which a launcher must be able to write to
   * (https://cloud.google.com/dataflow/docs/guides/templates/running-templates).
   *
   * @returns the member of the custom role
   */
  grantLaunch(to: IGrantable): ProjectIamMember {
    this.grantWorkers(to);
    return CustomRole.of(this, "dataflow-launcher", {
      title: "Dataflow launcher",
      description: "Launches and finds Dataflow jobs",
      permissions: ["dataflow.jobs.create", "dataflow.jobs.list"],
    }).grant(to);
  }

  /**
   * Lets a principal ask for the state of jobs and for their messages.
   *
   * Grants a custom role with `dataflow.jobs.get` and `dataflow.messages.list` on the project, the
   * narrowest level there is.
   */
  grantFollow(to: IGrantable): ProjectIamMember {
    return CustomRole.of(this, "dataflow-follower", {
      title: "Dataflow follower",
      description: "Reads the state and the messages of Dataflow jobs",
      permissions: ["dataflow.jobs.get", "dataflow.messages.list"],
    }).grant(to);
  }

  /**
   * Lets a principal launch jobs on these workers, follow and cancel them.
   *
   * Grants what {@link DataflowWorkers.grantLaunch} grants, with a custom role that also has
   * `dataflow.jobs.get`, `dataflow.jobs.cancel` and `dataflow.messages.list`.
   *
   * @returns the member of the custom role
   */
  grantRun(to: IGrantable): ProjectIamMember {
    this.grantWorkers(to);
    return CustomRole.of(this, "dataflow-runner", {
      title: "Dataflow job runner",
      description: "Launches, finds, follows and cancels Dataflow jobs",
      permissions: [
        "dataflow.jobs.cancel",
        "dataflow.jobs.create",
        "dataflow.jobs.get",
        "dataflow.jobs.list",
        "dataflow.messages.list",
      ],
    }).grant(to);
  }

  private grantWorkers(to: IGrantable): void {
    this.identity.grantActAs(to);
    this.props.tempBucket.grantReadWrite(to);
  }
}
