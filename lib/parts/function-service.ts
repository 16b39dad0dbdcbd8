import {
  Cloudfunctions2Function,
  type Cloudfunctions2FunctionConfig,
} from "@cdktf/provider-google/lib/cloudfunctions2-function";
import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import { Duration } from "../core/duration";
import type { FunctionSource } from "../core/function-source";
import { Memory } from "../core/memory";
import { resourceName } from "../core/names";
import { literal } from "../core/terraform-text";
import { check } from "../core/validation";
import type { EncryptionKey } from "./encryption-key";
import { Environment, SET_BY_FUNCTIONS } from "./environment";
import { functionBuild } from "./function-build";
import { type FunctionLimits, limitRules } from "./function-rules";
import { IMPORTED_FUNCTION, ImportedService, type ImportedServiceProps } from "./imported-service";
import { RequiredApis } from "./required-apis";
import { grantSecrets, type Secret } from "./secret";
import { ServiceAgents } from "./service-agents";
import { CreatedService, type Ingress } from "./service-base";
import { ServiceIdentity } from "./service-identity";
import { DEFAULT_TRAFFIC, type VpcEgress } from "./vpc-egress";
import type { IWorker } from "./worker";

/** A function, whether this app creates it or not. */
export type IFunctionService = IWorker;

/** What is known of a function that this app does not create. */
export type ImportedFunctionProps = ImportedServiceProps;

/** Properties of {@link FunctionService}. */
export interface FunctionServiceProps {
  /** The code: bundled TypeScript, or a folder in any runtime. */
  readonly source: FunctionSource;
  /**
   * 4 to 49 of `a-z0-9-`.
   * @default - made of the construct path and the environment
   */
  readonly name?: string;
  /**
   * Shown in Google's console.
   * @default - none
   */
  readonly description?: string;
  /**
   * The identity that the code runs as.
   * @default - a new service account without any role
   */
  readonly identity?: ServiceIdentity;
  /**
   * 128 MiB to 32 GiB.
   * @default Memory.mebibytes(512)
   */
  readonly memory?: Memory;
  /**
   * vCPUs: 0.08 to below 1, or 1, 2, 4, 6 or 8.
   * @default - as Cloud Functions has it for the memory: 0.333 for 512 MiB
   */
  readonly cpu?: number;
  /**
   * How long one request may take: 1 second to 60 minutes. At most 30 minutes where Cloud Tasks or
   * Cloud Scheduler calls the function, 10 minutes where Pub/Sub does.
   * @default Duration.minutes(1)
   */
  readonly timeout?: Duration;
  /**
   * Requests at one time on one instance: 1 to 1000. More than 1 needs a whole vCPU.
   * @default 1
   */
  readonly concurrency?: number;
  /**
   * Instances that are always ready: 0 to 1000.
   * @default 0
   */
  readonly minInstances?: number;
  /**
   * Instances at most: 1 to 1000.
   * @default 10
   */
  readonly maxInstances?: number;
  /**
   * Environment variables. {@link FunctionService.addEnvironment} adds more. `GOOGLE_CLOUD_PROJECT`
   * and `FUNCTION_TIMEOUT_SECONDS` are always set; the functions of this package derive the
   * timeouts of their own calls from the latter.
   * @default - none
   */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Environment variables whose values come from Secret Manager. The access grant comes with them.
   * @default - none
   */
  readonly secrets?: Readonly<Record<string, Secret>>;
  /**
   * Networks from which the function can be reached.
   * @default "ALLOW_INTERNAL_ONLY"
   */
  readonly ingress?: Ingress;
  /**
   * Connector to a VPC network for requests that the function makes.
   * @default - requests go to the internet directly
   */
  readonly vpc?: VpcEgress;
  /**
   * The identity that builds the function. It is granted `roles/storage.objectViewer` on the bucket
   * of the source, and must already have everything else that a build needs, see `BuildIdentity`.
   * @default - one for all functions of the stack, see `BuildIdentity`
   */
  readonly buildIdentity?: ServiceIdentity;
  /**
   * Key that encrypts source and image. Adds an encrypted image repository to the stack.
   * @default - Google's keys
   */
  readonly encryptionKey?: EncryptionKey;
  /**
   * Shallow overrides of the inner `google_cloudfunctions2_function`.
   * @default - none
   */
  readonly overrides?: Partial<Cloudfunctions2FunctionConfig>;
}

/**
 * An HTTP function (Cloud Functions, 2nd gen) with its own identity. Only principals that are
 * granted to may call it.
 *
 * Reports what Google would refuse: OutOfRange, CpuMemoryMismatch, ConcurrencyNeedsCpu,
 * InvalidName, InvalidSource, BundleFailed, UnsupportedRuntime, ReservedVariable, InvalidValue.
 */
export class FunctionService extends CreatedService {
  /**
   * A function of the deployment's project and region that this app does not create.
   *
   * Reports InvalidName, InvalidValue and OutOfRange. Reports UnsupportedOnImport where the
   * function is given a dead letter or a variable, or called without a known URL.
   */
  static fromName(scope: Construct, id: string, name: string, props: ImportedFunctionProps = {}): IFunctionService {
    return new ImportedService(scope, id, name, IMPORTED_FUNCTION, props);
  }

  /** The inner `google_cloudfunctions2_function`. */
  readonly resource: Cloudfunctions2Function;
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
  protected readonly kind = "function";

  constructor(scope: Construct, id: string, props: FunctionServiceProps) {
    super(scope, id);
    const { project, region, labels } = Deployment.of(this);
    this.timeout = props.timeout ?? Duration.minutes(1);
    this.concurrency = props.concurrency ?? 1;
    this.maxInstances = props.maxInstances ?? 10;
    const limits: FunctionLimits = {
      timeout: this.timeout,
      memory: props.memory ?? Memory.mebibytes(512),
      cpu: props.cpu,
      concurrency: this.concurrency,
      minInstances: props.minInstances ?? 0,
      maxInstances: this.maxInstances,
    };
    check(this, limitRules(limits));

    this.identity = props.identity ?? new ServiceIdentity(this, "identity", { description: `Runs the function ${id}` });
    const build = functionBuild(this, props);
    this.name = resourceName(this, "function", props.name);
    this.resource = new Cloudfunctions2Function(this, "Resource", {
      project,
      location: region,
      name: this.name,
      description: literal(props.description),
      labels,
      kmsKeyName: props.encryptionKey?.name,
      buildConfig: build.config,
      serviceConfig: {
        serviceAccountEmail: this.identity.email,
        availableMemory: limits.memory.toString(),
        availableCpu: props.cpu === undefined ? undefined : String(props.cpu),
        timeoutSeconds: this.timeout.toSeconds(),
        maxInstanceRequestConcurrency: this.concurrency,
        minInstanceCount: limits.minInstances,
        maxInstanceCount: this.maxInstances,
        environmentVariables: {},
        secretEnvironmentVariables: props.secrets && secretVariables(props.secrets),
        ingressSettings: props.ingress ?? "ALLOW_INTERNAL_ONLY",
        vpcConnector: literal(props.vpc?.connector),
        vpcConnectorEgressSettings: props.vpc && (props.vpc.traffic ?? DEFAULT_TRAFFIC),
      },
      dependsOn: [...this.prerequisites(props), ...build.dependsOn],
      ...props.overrides,
    });
    this.environment = new Environment(
      this,
      SET_BY_FUNCTIONS,
      (variables) => {
        this.resource.serviceConfig.environmentVariables = variables;
      },
      without(build.environment, props.secrets),
    );
    this.addEnvironment("GOOGLE_CLOUD_PROJECT", project);
    // Cloud Functions does not tell a function its own timeout.
    this.addEnvironment("FUNCTION_TIMEOUT_SECONDS", String(this.timeout.toSeconds()));
    for (const [key, value] of Object.entries(props.environment ?? {})) this.addEnvironment(key, value);
    this.addErrorAlert();
  }

  /** URL of the function on Cloud Run. It is also the audience of ID tokens for the function. */
  get uri(): string {
    return this.resource.serviceConfig.uri;
  }

  protected get reference(): string {
    return this.resource.name;
  }

  private prerequisites({ secrets, encryptionKey }: FunctionServiceProps): ITerraformDependable[] {
    const agents = ServiceAgents.of(this);
    return [
      ...RequiredApis.of(this).ready("cloudfunctions", "run"),
      ...grantSecrets(this, secrets, "function"),
      // These and the agent of Artifact Registry, whose grant comes with the repository, are the
      // five that https://cloud.google.com/functions/docs/securing/cmek lists.
      ...(encryptionKey
        ? [agents.cloudFunctions, agents.cloudRun, agents.storage, agents.eventarc].map((agent) =>
            encryptionKey.grantUse(this, agent),
          )
        : []),
    ];
  }
}

/** Defaults that no secret takes the place of. */
function without(defaults: Readonly<Record<string, string>>, secrets: Readonly<Record<string, Secret>> = {}) {
  return Object.fromEntries(Object.entries(defaults).filter(([key]) => !(key in secrets)));
}

function secretVariables(secrets: Readonly<Record<string, Secret>>) {
  return Object.entries(secrets).map(([key, secret]) => ({
    key,
    projectId: secret.project,
    secret: secret.name,
    version: secret.version,
  }));
}
