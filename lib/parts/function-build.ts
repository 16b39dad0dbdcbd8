import { ArtifactRegistryRepository } from "@cdktf/provider-google/lib/artifact-registry-repository";
import type { Cloudfunctions2FunctionBuildConfig } from "@cdktf/provider-google/lib/cloudfunctions2-function";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import type { FunctionSource, SourceArchive } from "../core/function-source";
import { resourceName } from "../core/names";
import { DEFAULT_NODE_RUNTIME, runtimeProblem } from "../core/runtime";
import { singleton } from "../core/stack";
import { literal } from "../core/terraform-text";
import { report, ValidationError } from "../core/validation";
import { allowBuild, BuildIdentity } from "./build-identity";
import type { EncryptionKey } from "./encryption-key";
import { RequiredApis } from "./required-apis";
import { ServiceAgents } from "./service-agents";
import type { ServiceIdentity } from "./service-identity";
import { SourceBucket } from "./source-bucket";

interface FunctionBuildProps {
  readonly source: FunctionSource;
  /**
   * @default - the build identity of the stack
   */
  readonly buildIdentity?: ServiceIdentity;
  /**
   * @default - Google's keys
   */
  readonly encryptionKey?: EncryptionKey;
}

/** How Cloud Functions builds a function, and what the build depends on. */
interface FunctionBuild {
  readonly config: Cloudfunctions2FunctionBuildConfig;
  readonly dependsOn: readonly ITerraformDependable[];
  /** Variables that the function has unless it sets them itself. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Uploads the source of a function and lets the build identity read it.
 *
 * Reports InvalidSource, BundleFailed and UnsupportedRuntime on `scope`.
 */
export function functionBuild(scope: Construct, props: FunctionBuildProps): FunctionBuild {
  const { encryptionKey } = props;
  const archive = readSource(scope, props.source);
  const builder = props.buildIdentity ?? BuildIdentity.of(scope).identity;
  const sources = SourceBucket.of(scope, encryptionKey);
  const { bucket, name, generation } = sources.upload(archive);
  const dependsOn = allowBuild(scope, builder, sources.bucket);
  return {
    config: {
      runtime: archive.runtime,
      entryPoint: literal(archive.entryPoint),
      serviceAccount: builder.resource.name,
      dockerRepository: encryptionKey && ImageRepository.of(scope, encryptionKey).resource.id,
      source: { storageSource: { bucket, object: name, generation } },
    },
    dependsOn,
    environment: archive.environment ?? {},
  };
}

/** Replaces a source that was reported as missing, so that the rest of the app is checked too. */
const NO_SOURCE: SourceArchive = {
  bytes: new Uint8Array(),
  sha256: "0".repeat(64),
  name: "missing",
  runtime: DEFAULT_NODE_RUNTIME,
  entryPoint: "handler",
};

function readSource(scope: Construct, source: FunctionSource): SourceArchive {
  try {
    const archive = source.archive();
    const problem = runtimeProblem(archive.runtime);
    if (problem) report(scope, "UnsupportedRuntime", problem);
    return archive;
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    report(scope, error.code, error.detail);
    return NO_SOURCE;
  }
}

/**
 * An encrypted repository for the images of a stack's functions, one for each key. Cloud Functions
 * requires one where a function has an encryption key. Other functions use Google's repository.
 */
class ImageRepository extends Construct {
  static of(scope: Construct, key: EncryptionKey): ImageRepository {
    const id = `function-images-${key.id}`;
    return singleton(scope, id, (stack) => new ImageRepository(stack, id, key));
  }

  readonly resource: ArtifactRegistryRepository;

  constructor(scope: Construct, id: string, key: EncryptionKey) {
    super(scope, id);
    const { project, region, labels } = Deployment.of(this);
    this.resource = new ArtifactRegistryRepository(this, "Resource", {
      project,
      location: region,
      repositoryId: resourceName(this, "artifactRepository"),
      format: "DOCKER",
      description: "Images of the functions of this stack",
      kmsKeyName: key.name,
      labels,
      dependsOn: [
        ...RequiredApis.of(this).ready("artifactregistry"),
        key.grantUse(this, ServiceAgents.of(this).artifactRegistry),
      ],
    });
  }
}
