import { Annotations, type ITerraformDependable, type TerraformResource } from "cdktf";
import type { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import type { IGrantable } from "../core/grantee";
import { isNear } from "../core/location";
import { Memory } from "../core/memory";
import { inSameStack } from "../core/stack";
import { literal } from "../core/terraform-text";
import { check, isKnown, type Rule } from "../core/validation";
import type { IBucket } from "./bucket";
import { imageRule, mountRules, sizeRules } from "./container-rules";
import type { EncryptionKey } from "./encryption-key";
import { Environment, nameRules, SET_BY_CLOUD_RUN } from "./environment";
import { type Gpu, gpuOptions, SMALLEST_GPU_SIZE } from "./gpu";
import { createAfter } from "./order";
import { RequiredApis } from "./required-apis";
import { grantSecrets, type Secret } from "./secret";
import { ServiceAgents } from "./service-agents";
import type { ServiceIdentity } from "./service-identity";

/** Options of a mounted bucket. */
export interface MountOptions {
  /**
   * False lets the container write. Cloud Storage FUSE has no locks: of several writers of an
   * object, the last one wins.
   * @default true
   */
  readonly readOnly?: boolean;
}

/** A bucket that a container sees as a folder, by Cloud Storage FUSE. */
export interface BucketMount extends MountOptions {
  /** The bucket, of this stack or imported by name. */
  readonly bucket: IBucket;
  /** Absolute path of the folder, such as `/models`. */
  readonly path: string;
}

/** Properties that container services, jobs and worker pools share. */
export interface ContainerProps {
  /**
   * `<registry>/<path>`, with a tag or a digest, in Artifact Registry, `gcr.io`, `docker.io` or
   * `ghcr.io`. Cloud Run resolves a tag when a revision is made, so a plan shows a new image only
   * where its tag or digest is new.
   */
  readonly image: string;
  /**
   * Entrypoint.
   * @default - that of the image
   */
  readonly command?: readonly string[];
  /**
   * Arguments of the entrypoint.
   * @default - those of the image
   */
  readonly args?: readonly string[];
  /**
   * 1 to 49 of `a-z0-9-`.
   * @default - made of the construct path and the environment
   */
  readonly name?: string;
  /**
   * The identity that the code runs as.
   * @default - a new service account without any role
   */
  readonly identity?: ServiceIdentity;
  /**
   * 512 MiB to 32 GiB: up to 4 GiB with 1 vCPU, 8 with 2, 2 to 16 with 4, 4 to 24 with 6, 4 to 32
   * with 8.
   * @default Memory.gibibytes(1), or Memory.gibibytes(16) with a GPU
   */
  readonly memory?: Memory;
  /**
   * vCPUs: 1, 2, 4, 6 or 8.
   * @default 1, or 4 with a GPU
   */
  readonly cpu?: number;
  /**
   * GPU of each instance. Needs 4 vCPU and 16 GiB at least, and a quota in the project.
   * @default - none
   */
  readonly gpu?: Gpu;
  /**
   * Environment variables. `GOOGLE_CLOUD_PROJECT` is always set.
   * @default - none
   */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Environment variables whose values come from Secret Manager. The access grant comes with them.
   * @default - none
   */
  readonly secrets?: Readonly<Record<string, Secret>>;
  /**
   * Buckets that the container sees as folders, such as one of model weights. Grants
   * `roles/storage.objectViewer` on each bucket to the identity, or `roles/storage.objectUser`
   * where it is not `readOnly`. A bucket in another region is a warning: each read crosses regions.
   * @default - none
   */
  readonly mounts?: readonly BucketMount[];
  /**
   * Key that encrypts the container while it is deployed.
   * @default - Google's keys
   */
  readonly encryptionKey?: EncryptionKey;
}

/** What {@link Container} reads of the properties of a service, job or worker pool. */
interface OwnerProps extends ContainerProps {
  readonly overrides?: { readonly template?: unknown };
}

interface Mount {
  readonly name: string;
  readonly bucket: IBucket;
  readonly path: string;
  readonly readOnly: boolean;
}

/** The one container of a service, job or worker pool, and what Cloud Run attaches to it. */
export class Container {
  readonly environment: Environment;
  readonly cpu: number;
  readonly memory: Memory;
  /** What must exist before Cloud Run starts the container. */
  readonly dependsOn: ITerraformDependable[];
  private variables: Readonly<Record<string, string>> = {};
  private readonly mounts: Mount[] = [];
  private owner?: { readonly resource: TerraformResource; readonly write: () => void };

  /** @param noun for messages */
  constructor(
    private readonly scope: Construct & IGrantable,
    private readonly props: OwnerProps,
    noun: string,
  ) {
    const { project, region } = Deployment.of(scope);
    this.cpu = props.cpu ?? (props.gpu ? SMALLEST_GPU_SIZE.cpu : 1);
    this.memory = props.memory ?? Memory.mebibytes(props.gpu ? SMALLEST_GPU_SIZE.mebibytes : 1024);
    check(scope, [
      imageRule(props.image),
      ...sizeRules({ cpu: this.cpu, memory: this.memory, gpu: props.gpu, region }),
      ...this.secretRules(),
    ]);
    this.environment = new Environment(scope, SET_BY_CLOUD_RUN, (variables) => {
      this.variables = variables;
      this.write();
    });
    this.environment.set("GOOGLE_CLOUD_PROJECT", project);
    for (const [key, value] of Object.entries(props.environment ?? {})) this.environment.set(key, value);
    this.dependsOn = [
      ...RequiredApis.of(scope).ready("run"),
      ...grantSecrets(scope, props.secrets, noun),
      ...(props.encryptionKey ? [props.encryptionKey.grantUse(scope, ServiceAgents.of(scope).cloudRun)] : []),
      ...(props.mounts ?? []).flatMap((mount) => this.addMount(mount)),
    ];
  }

  /**
   * Tells which resource has the container. Variables and mounts that come later are written there,
   * unless the whole template was overridden.
   *
   * @param write writes the template anew
   */
  attach(resource: TerraformResource, write: () => void): void {
    this.owner = { resource, write };
  }

  /**
   * Adds a bucket as a folder, and grants access to it, without which Cloud Run does not start the
   * container.
   */
  mount(bucket: IBucket, path: string, options: MountOptions): void {
    const grants = this.addMount({ bucket, path, ...options });
    if (this.owner) createAfter(this.owner.resource, grants);
    this.write();
  }

  /** @returns the grant of access to the bucket */
  private addMount({ bucket, path, readOnly = true }: BucketMount): ITerraformDependable[] {
    check(
      this.scope,
      mountRules(
        path,
        this.mounts.map((mount) => mount.path),
      ),
    );
    this.mounts.push({ name: `bucket-${this.mounts.length + 1}`, bucket, path, readOnly });
    if (!inSameStack(this.scope, bucket, "import the bucket by name: Bucket.fromName(stack, id, name)")) return [];
    this.warnOfDistance(bucket);
    return [readOnly ? bucket.grantRead(this.scope) : bucket.grantReadWrite(this.scope)];
  }

  /** The block `containers`, as all three resources have it. */
  block() {
    const { image, command, args, gpu } = this.props;
    return {
      image: literal(image),
      command: command?.map((word) => literal(word)),
      args: args?.map((word) => literal(word)),
      resources: {
        limits: {
          cpu: String(this.cpu),
          memory: this.memory.toQuantity(),
          ...(gpu && { "nvidia.com/gpu": "1" }),
        },
      },
      env: this.env(),
      volumeMounts:
        this.mounts.length > 0 ? this.mounts.map(({ name, path }) => ({ name, mountPath: path })) : undefined,
    };
  }

  /** The attributes of a template that all three resources have. */
  template() {
    const { gpu, encryptionKey } = this.props;
    return {
      encryptionKey: encryptionKey?.name,
      ...(gpu && {
        nodeSelector: { accelerator: gpuOptions(gpu).type },
        gpuZonalRedundancyDisabled: !(gpuOptions(gpu).zonalRedundancy ?? false),
      }),
      volumes:
        this.mounts.length > 0
          ? this.mounts.map(({ name, bucket, readOnly }) => ({ name, gcs: { bucket: literal(bucket.name), readOnly } }))
          : undefined,
    };
  }

  private write(): void {
    if (!this.props.overrides?.template) this.owner?.write();
  }

  /** Sorted, so that the JSON does not depend on the order of calls. */
  private env() {
    const plain = Object.entries(this.variables).map(([name, value]) => ({ name, value }));
    const secret = Object.entries(this.props.secrets ?? {}).map(([name, { name: secret, version }]) => ({
      name,
      valueSource: { secretKeyRef: { secret, version } },
    }));
    return [...plain, ...secret].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  private secretRules(): Rule[] {
    const { environment = {}, secrets = {} } = this.props;
    return Object.keys(secrets).flatMap((name) => [
      ...nameRules(name, SET_BY_CLOUD_RUN),
      {
        code: "InvalidValue" as const,
        broken: name in environment,
        message: `${name} is both in environment and in secrets; give one of them another name`,
      },
    ]);
  }

  private warnOfDistance({ location, node }: IBucket): void {
    const { region } = Deployment.of(this.scope);
    if (!isKnown(location) || isNear(location, region)) return;
    Annotations.of(this.scope).addWarning(
      `[${node.path}] is mounted from ${location} into ${region}: each read crosses regions, which costs time and traffic`,
    );
  }
}
