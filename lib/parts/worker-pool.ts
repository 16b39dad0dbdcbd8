import {
  CloudRunV2WorkerPool,
  type CloudRunV2WorkerPoolConfig,
} from "@cdktf/provider-google/lib/cloud-run-v2-worker-pool";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import type { Grantee, IGrantable } from "../core/grantee";
import { resourceName } from "../core/names";
import { literal } from "../core/terraform-text";
import { check, inCharacters, inRange } from "../core/validation";
import type { IBucket } from "./bucket";
import { Container, type ContainerProps, type MountOptions } from "./container";
import { protectedFromDeletion } from "./deletion-protection";
import { ServiceIdentity } from "./service-identity";
import { type DirectVpcEgress, directAccess, vpcRules } from "./vpc-egress";

/** Properties of {@link WorkerPool}. */
export interface WorkerPoolProps extends ContainerProps {
  /**
   * Instances, which Cloud Run neither adds nor removes: 0 to 1000, the limit of services (believed
   * to hold for pools). All are billed, idle or not.
   * @default 1
   */
  readonly instances?: number;
  /**
   * Up to 512 characters, shown in Google's console.
   * @default - none
   */
  readonly description?: string;
  /**
   * VPC network for requests that the container makes. Worker pools take no connector.
   * @default - requests go to the internet directly
   */
  readonly vpc?: DirectVpcEgress;
  /**
   * Makes Terraform refuse to delete or rename the pool (`prevent_destroy` and
   * `deletion_protection`). By default it does not: a pool holds no data, and what it has not
   * acknowledged is delivered again. To destroy a protected pool, set `false` and apply that first.
   * @default false
   */
  readonly deletionProtection?: boolean;
  /**
   * Shallow overrides of the inner `google_cloud_run_v2_worker_pool`. With `template`, variables
   * and mounts that are added later have no effect. A project in which worker pools are still a
   * preview needs `{ launchStage: "BETA" }`.
   * @default - none
   */
  readonly overrides?: Partial<CloudRunV2WorkerPoolConfig>;
}

/**
 * Containers that always run and fetch their work themselves (Cloud Run worker pool), with an
 * identity of their own. They have no URL.
 *
 * The number of instances is manual: the provider takes automatic scaling, the API does not have it
 * (run v2, `WorkerPoolScaling`).
 *
 * Reports what Google would refuse: InvalidImage, OutOfRange, CpuMemoryMismatch, GpuMismatch,
 * UnsupportedRegion, InvalidName, ReservedVariable, InvalidValue, DuplicateId, OtherStack.
 */
export class WorkerPool extends Construct implements IGrantable {
  /** The inner `google_cloud_run_v2_worker_pool`. */
  readonly resource: CloudRunV2WorkerPool;
  /** The service account that the code runs as. */
  readonly identity: ServiceIdentity;
  /** Name of the resource, known before anything is applied. */
  readonly name: string;
  /** Instances, all of them billed. */
  readonly instances: number;
  private readonly container: Container;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: WorkerPoolProps,
  ) {
    super(scope, id);
    const { project, region, labels } = Deployment.of(this);
    this.instances = props.instances ?? 1;
    check(this, [
      inRange("instances", this.instances, { min: 0, max: 1000, integer: true }),
      inCharacters("description", props.description, 512),
      ...vpcRules(props.vpc),
      {
        code: "InvalidValue",
        broken: props.vpc !== undefined && "connector" in props.vpc,
        message: "vpc has a connector, which worker pools do not take; give a network or subnetwork instead",
      },
    ]);

    this.identity = props.identity ?? new ServiceIdentity(this, "identity", { description: `Runs the pool ${id}` });
    this.name = resourceName(this, "workerPool", props.name);
    this.container = new Container(this, props, "pool");
    this.resource = new CloudRunV2WorkerPool(this, "Resource", {
      project,
      location: region,
      name: this.name,
      description: literal(props.description),
      labels,
      ...protectedFromDeletion(props.deletionProtection ?? false),
      scaling: { scalingMode: "MANUAL", manualInstanceCount: this.instances },
      template: this.template(),
      dependsOn: this.container.dependsOn,
      ...props.overrides,
    });
    this.container.attach(this.resource, () => this.resource.putTemplate(this.template()));
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

  private template(): CloudRunV2WorkerPoolConfig["template"] {
    const { vpc } = this.props;
    return {
      ...this.container.template(),
      serviceAccount: this.identity.email,
      vpcAccess: vpc && directAccess(vpc),
      containers: [this.container.block()],
    };
  }
}
