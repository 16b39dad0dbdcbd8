import { ArtifactRegistryRepository } from "@cdktf/provider-google/lib/artifact-registry-repository";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import { resourceName } from "../core/names";
import type { EncryptionKey } from "./encryption-key";
import { RequiredApis } from "./required-apis";
import { ServiceAgents } from "./service-agents";
import { singleton } from "./singleton";

/**
 * An encrypted repository for the images of a stack's functions, one for each key. Cloud Functions needs one of ours as soon as a
 * function has an encryption key; otherwise it uses its own.
 */
export class ImageRepository extends Construct {
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
