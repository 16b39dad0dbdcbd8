import type { ProjectIamMember } from "@cdktf/provider-google/lib/project-iam-member";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import type { Duration } from "../core/duration";
import type { Grantee, IGrantable } from "../core/grantee";
import { check, inRange } from "../core/validation";
import type { IBucket } from "./bucket";
import { BucketFile } from "./bucket-file";
import { imageRule } from "./container-rules";
import { CustomRole } from "./custom-role";
import { type Accelerator, machineRules, machineSpec } from "./machine";
import { RequiredApis } from "./required-apis";
import { ServiceIdentity } from "./service-identity";

/** A custom training job of Vertex AI. */
export interface VertexTrainingProps {
  /** Image of the container, with its registry: by digest or by tag. */
  readonly image: string;
  /**
   * A Python file of this project that the container runs: absolute, or relative to the working
   * directory or the folder of cdktf.json. It is uploaded, and the command becomes `python3` and
   * its path below `/gcs`, where Vertex AI mounts the project's buckets
   * (https://cloud.google.com/vertex-ai/docs/training/cloud-storage-file-system).
   * @default - the code is in the image
   */
  readonly source?: string;
  /**
   * Replaces the entry point of the image. May have placeholders.
   * @default - what runs `source`, or the image's own
   */
  readonly command?: readonly string[];
  /**
   * Arguments of the command. May have placeholders.
   * @default - the image's own
   */
  readonly args?: readonly string[];
  /** Machine type of Compute Engine, such as `n1-standard-4` or `g2-standard-8`. */
  readonly machineType: string;
  /**
   * Accelerators of each machine.
   * @default - none
   */
  readonly accelerator?: Accelerator;
  /**
   * Machines: 1 to 1000. The first one is a worker pool of its own, the others are the second pool.
   * @default 1
   */
  readonly replicas?: number;
  /**
   * Environment variables of the container. May have placeholders.
   * @default - none but those that every job of a pipeline gets
   */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Size of each machine's boot disk: 100 to 64000 GB.
   * @default - Vertex AI's own, 100 GB of `pd-ssd`
   */
  readonly diskGb?: number;
}

/** What a pipeline adds to {@link VertexTrainingProps}. */
interface VertexTrainingOptions extends VertexTrainingProps {
  /** Holds `source`, and what the job reads and writes. */
  readonly bucket: IBucket;
  /** How long the job may run. */
  readonly timeout: Duration;
}

/** A folder of the bucket that holds sources. */
const CODE = "code";

/**
 * A custom training job of Vertex AI. There is no resource for one: what starts it makes it from
 * {@link VertexTraining.job}. It runs as an identity of its own.
 *
 * Grants the identity `roles/storage.objectViewer` and `roles/storage.objectCreator` on the bucket.
 * Vertex AI's own service agents pull the image: to those of another project give
 * `roles/artifactregistry.reader` there.
 *
 * Reports InvalidImage, InvalidValue, OutOfRange, GpuMismatch and InvalidSource.
 */
export class VertexTraining extends Construct implements IGrantable {
  /** The service account that the container runs as. */
  readonly identity: ServiceIdentity;
  /** The job in the form of the function `pipeline-job`. */
  readonly job: object;
  /** What must exist before the job runs. */
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: VertexTrainingOptions) {
    super(scope, id);
    const { replicas = 1, diskGb } = props;
    check(this, [
      imageRule(props.image),
      ...machineRules(props.machineType, props.accelerator),
      inRange("replicas", replicas, { min: 1, max: 1000, integer: true }),
      inRange("diskGb", diskGb, { min: 100, max: 64_000, unit: "GB", integer: true }),
    ]);
    RequiredApis.of(this).enable("aiplatform");
    this.identity = new ServiceIdentity(this, "identity", { description: "Runs a training job of Vertex AI" });
    const file = sourceFile(this, props);
    this.ready = [
      props.bucket.grantRead(this),
      props.bucket.grantCreate(this),
      ...(file?.resource ? [file.resource] : []),
    ];

    const { project, region, labels } = Deployment.of(this);
    const pool = (count: number) => ({
      machineSpec: machineSpec(props.machineType, props.accelerator),
      // An int64.
      replicaCount: String(count),
      ...(diskGb !== undefined && { diskSpec: { bootDiskSizeGb: diskGb } }),
      containerSpec: {
        imageUri: props.image,
        command: props.command ?? (file && ["python3", `/gcs/${props.bucket.name}/${file.name}`]),
        args: props.args,
        env: Object.entries(props.environment ?? {}).map(([name, value]) => ({ name, value })),
      },
    });
    this.job = {
      kind: "vertexTraining",
      location: `projects/${project}/locations/${region}`,
      labels,
      jobSpec: {
        workerPoolSpecs: replicas > 1 ? [pool(1), pool(replicas - 1)] : [pool(1)],
        serviceAccount: this.identity.email,
        scheduling: { timeout: props.timeout.toString() },
      },
    };
  }

  get grantee(): Grantee {
    return this.identity.grantee;
  }

  /**
   * Lets a principal start, find, follow and cancel the job.
   *
   * Grants a custom role with `aiplatform.customJobs.create`, `get`, `list` and `cancel` on the
   * project, the narrowest level there is, and `roles/iam.serviceAccountUser` on the identity of
   * the job. `roles/aiplatform.user` has over 400 permissions.
   *
   * @returns the member of the custom role
   */
  grantRun(to: IGrantable): ProjectIamMember {
    this.identity.grantActAs(to);
    return CustomRole.of(this, "trainer", {
      title: "Training job runner",
      description: "Starts, follows and cancels custom training jobs of Vertex AI",
      permissions: ["create", "get", "list", "cancel"].map((verb) => `aiplatform.customJobs.${verb}`),
    }).grant(to);
  }
}

function sourceFile(scope: Construct, { source, bucket }: VertexTrainingOptions): BucketFile | undefined {
  return source === undefined ? undefined : new BucketFile(scope, "source", { bucket, folder: CODE, path: source });
}
