import { CloudRunV2Service, type CloudRunV2ServiceConfig } from "@cdktf/provider-google/lib/cloud-run-v2-service";
import type { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import { Duration } from "../core/duration";
import { resourceName } from "../core/names";
import { literal } from "../core/terraform-text";
import { check, inCharacters, inRange } from "../core/validation";
import type { IBucket } from "./bucket";
import { Container, type ContainerProps, type MountOptions } from "./container";
import { protectedFromDeletion } from "./deletion-protection";
import type { Environment } from "./environment";
import { IMPORTED_CONTAINER, ImportedService, type ImportedServiceProps } from "./imported-service";
import { instanceRules } from "./instance-rules";
import { type GrpcProbe, type HttpProbe, probeBlock, probeRules, type TcpProbe } from "./probe";
import { CreatedService, type Ingress } from "./service-base";
import { ServiceIdentity } from "./service-identity";
import { type DirectVpcEgress, type VpcEgress, vpcAccess, vpcRules } from "./vpc-egress";
import type { IWorker } from "./worker";

/** Properties of {@link ContainerService}. */
export interface ContainerServiceProps extends ContainerProps {
  /**
   * Up to 512 characters, shown in Google's console.
   * @default - none
   */
  readonly description?: string;
  /**
   * Port on which the container listens, which it also finds in `PORT`: 1 to 65535.
   * @default 8080
   */
  readonly port?: number;
  /**
   * How long one request may take: 1 second to 60 minutes. At most 30 minutes where Cloud Tasks or
   * Cloud Scheduler calls the service, 10 minutes where Pub/Sub does. Cloud Run does not stop the
   * container at the timeout, so what it does then must still be safe to do twice.
   * @default Duration.minutes(5)
   */
  readonly timeout?: Duration;
  /**
   * Requests at one time on one instance: 1 to 1000.
   * @default 1
   */
  readonly concurrency?: number;
  /**
   * Instances that are always ready: 0 to 1000.
   * @default 0
   */
  readonly minInstances?: number;
  /**
   * Instances at most: 1 to 1000. With a GPU, Google refuses a revision that could exceed the
   * project's quota of GPUs.
   * @default 10, or 3 with a GPU
   */
  readonly maxInstances?: number;
  /**
   * Gives the container CPU, and bills it, between requests too. A GPU needs it.
   * @default false, or true with a GPU
   */
  readonly cpuAlways?: boolean;
  /**
   * Gives the container more CPU while it starts.
   * @default true
   */
  readonly startupCpuBoost?: boolean;
  /**
   * Tells when the container is ready for requests, such as once the model is loaded.
   * @default - Cloud Run waits until the port is open
   */
  readonly startupProbe?: HttpProbe | TcpProbe | GrpcProbe;
  /**
   * Tells when the container must be restarted. Cloud Run has no liveness probe by TCP.
   * @default - none
   */
  readonly livenessProbe?: HttpProbe | GrpcProbe;
  /**
   * Environment variables. {@link ContainerService.addEnvironment} adds more.
   * `GOOGLE_CLOUD_PROJECT` and `FUNCTION_TIMEOUT_SECONDS`, the timeout of a request, are always
   * set.
   * @default - none
   */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Networks from which the service can be reached.
   * @default "ALLOW_INTERNAL_ONLY"
   */
  readonly ingress?: Ingress;
  /**
   * VPC network for requests that the container makes: directly, or through a connector.
   * @default - requests go to the internet directly
   */
  readonly vpc?: VpcEgress | DirectVpcEgress;
  /**
   * Makes Terraform refuse to delete or rename the service (`prevent_destroy` and
   * `deletion_protection`). By default it does not, as with functions: a service holds no data, and
   * queues and subscriptions keep the work until it is back. To destroy a protected service, set
   * `false` and apply that first.
   * @default false
   */
  readonly deletionProtection?: boolean;
  /**
   * Shallow overrides of the inner `google_cloud_run_v2_service`. With `template`, variables and
   * mounts that are added later have no effect; for one attribute of the template use
   * `service.resource.addOverride("template.session_affinity", true)`.
   * @default - none
   */
  readonly overrides?: Partial<CloudRunV2ServiceConfig>;
}

const INGRESS: Readonly<Record<Ingress, string>> = {
  ALLOW_INTERNAL_ONLY: "INGRESS_TRAFFIC_INTERNAL_ONLY",
  ALLOW_INTERNAL_AND_GCLB: "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
  ALLOW_ALL: "INGRESS_TRAFFIC_ALL",
};

/**
 * A container behind HTTP (Cloud Run service) with its own identity, in the second generation
 * execution environment. Only principals that are granted to may call it.
 *
 * Reports what Google would refuse: InvalidImage, OutOfRange, CpuMemoryMismatch, GpuMismatch,
 * UnsupportedRegion, InvalidName, ReservedVariable, InvalidValue, DuplicateId, OtherStack.
 */
export class ContainerService extends CreatedService {
  /**
   * A container service of the deployment's project and region that this app does not create.
   *
   * Reports InvalidName, InvalidValue and OutOfRange. Reports UnsupportedOnImport where the service
   * is given a dead letter or a variable, or called without a known URL.
   */
  static fromName(scope: Construct, id: string, name: string, props: ImportedServiceProps = {}): IWorker {
    return new ImportedService(scope, id, name, IMPORTED_CONTAINER, props);
  }

  /** The inner `google_cloud_run_v2_service`. */
  readonly resource: CloudRunV2Service;
  /** The service account that the code runs as. */
  readonly identity: ServiceIdentity;
  /** Name of the resource, known before anything is applied. */
  readonly name: string;
  /** How long one request may take. */
  readonly timeout: Duration;
  /** Instances at most. */
  readonly maxInstances: number;
  /** Requests at one time on one instance. */
  readonly concurrency: number;
  protected readonly environment: Environment;
  protected readonly kind = "service";
  private readonly container: Container;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: ContainerServiceProps,
  ) {
    super(scope, id);
    const { project, region, labels } = Deployment.of(this);
    this.timeout = props.timeout ?? Duration.minutes(5);
    this.concurrency = props.concurrency ?? 1;
    this.maxInstances = props.maxInstances ?? (props.gpu ? 3 : 10);
    this.checkProps();

    this.identity = props.identity ?? new ServiceIdentity(this, "identity", { description: `Runs the service ${id}` });
    this.name = resourceName(this, "service", props.name);
    this.container = new Container(this, props, "service");
    this.environment = this.container.environment;
    this.environment.set("FUNCTION_TIMEOUT_SECONDS", String(this.timeout.toSeconds()));
    this.resource = new CloudRunV2Service(this, "Resource", {
      project,
      location: region,
      name: this.name,
      description: literal(props.description),
      labels,
      ingress: INGRESS[props.ingress ?? "ALLOW_INTERNAL_ONLY"],
      ...protectedFromDeletion(props.deletionProtection ?? false),
      template: this.template(),
      dependsOn: this.container.dependsOn,
      ...props.overrides,
    });
    this.container.attach(this.resource, () => this.resource.putTemplate(this.template()));
    this.addErrorAlert();
  }

  /** URL of the service. It is also the audience of ID tokens for the service. */
  get uri(): string {
    return this.resource.uri;
  }

  protected get reference(): string {
    return this.resource.name;
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

  private checkProps(): void {
    const { props } = this;
    check(this, [
      ...instanceRules({
        timeout: this.timeout,
        concurrency: this.concurrency,
        minInstances: props.minInstances ?? 0,
        maxInstances: this.maxInstances,
      }),
      inRange("port", props.port, { min: 1, max: 65535, integer: true }),
      inCharacters("description", props.description, 512),
      ...probeRules("startupProbe", props.startupProbe),
      ...probeRules("livenessProbe", props.livenessProbe),
      ...vpcRules(props.vpc),
      {
        code: "GpuMismatch",
        broken: props.gpu !== undefined && props.cpuAlways === false,
        message: "cpuAlways is false with a GPU, which Cloud Run bills by instance only; leave it out",
      },
    ]);
  }

  private template(): CloudRunV2ServiceConfig["template"] {
    const { props } = this;
    const { port = 8080, cpuAlways = props.gpu !== undefined, startupCpuBoost = true } = props;
    const container = this.container.block();
    return {
      ...this.container.template(),
      serviceAccount: this.identity.email,
      executionEnvironment: "EXECUTION_ENVIRONMENT_GEN2",
      timeout: this.timeout.toString(),
      maxInstanceRequestConcurrency: this.concurrency,
      scaling: { minInstanceCount: props.minInstances ?? 0, maxInstanceCount: this.maxInstances },
      vpcAccess: props.vpc && vpcAccess(props.vpc),
      containers: [
        {
          ...container,
          ports: { containerPort: port },
          // Once there is a block `resources`, the API takes false for what is not set.
          resources: { ...container.resources, cpuIdle: !cpuAlways, startupCpuBoost },
          startupProbe: props.startupProbe && probeBlock(props.startupProbe, port),
          livenessProbe: props.livenessProbe && liveness(props.livenessProbe, port),
        },
      ],
    };
  }
}

/** The provider wants a port for TCP in a liveness probe, which Cloud Run does not have. */
function liveness(probe: HttpProbe | GrpcProbe, port: number) {
  const { tcpSocket: _, ...block } = probeBlock(probe, port);
  return block;
}
