import { ProjectIamMember } from "@cdktf/provider-google/lib/project-iam-member";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import { Duration } from "../core/duration";
import { singleton } from "../core/stack";
import type { Bucket } from "./bucket";
import { grantOnProject, projectPolicyReady } from "./grants";
import { Wait } from "./order";
import { RequiredApis } from "./required-apis";
import { ServiceIdentity } from "./service-identity";

/**
 * Prefixes of the buckets in which Cloud Functions keeps copies of sources, by the page named
 * below.
 */
const SOURCE_COPIES = ["gcf-v2-sources-", "gcf-v2-uploads-", "run-sources-"];

/**
 * The identity that builds a stack's functions, instead of the default compute identity.
 *
 * Grants what https://cloud.google.com/functions/docs/securing/build-custom-sa lists (read
 * 2026-04). On the project: `roles/logging.logWriter` and `roles/artifactregistry.writer`, and
 * `roles/storage.objectViewer` on condition that the bucket is one where Cloud Functions keeps
 * copies of sources. Each function adds the bucket of its source.
 */
export class BuildIdentity extends Construct {
  /** The build identity of the stack of `scope`. The first call creates it. */
  static of(scope: Construct): BuildIdentity {
    return singleton(scope, "build", (stack) => new BuildIdentity(stack, "build"));
  }

  /** The service account that runs builds. */
  readonly identity: ServiceIdentity;
  /**
   * The pause before builds by this identity.
   *
   * @internal
   */
  readonly wait: Wait;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.identity = new ServiceIdentity(this, "identity", { description: "Builds the functions of this stack" });
    this.wait = buildWait(this);
    const grants = [
      grantOnProject(this, "roles/logging.logWriter", this.identity),
      grantOnProject(this, "roles/artifactregistry.writer", this.identity),
      new ProjectIamMember(this, "read-source-copies", {
        project: Deployment.of(this).project,
        role: "roles/storage.objectViewer",
        member: this.identity.grantee.member,
        condition: {
          title: "function-source-copies",
          description: "Only the buckets in which Cloud Functions keeps its copies of sources",
          expression: SOURCE_COPIES.map((bucket) => `resource.name.startsWith("projects/_/buckets/${bucket}")`).join(
            " || ",
          ),
        },
        dependsOn: projectPolicyReady(this),
      }),
    ];
    for (const grant of grants) this.wait.waitFor(grant);
  }
}

/** The pause before builds by an identity that the user gave, one for each identity. */
class GivenBuilder extends Construct {
  readonly wait = buildWait(this);
}

/**
 * Lets an identity build a function from a bucket.
 *
 * Grants `roles/storage.objectViewer` on the bucket.
 *
 * @returns what the function depends on: the APIs of a build, the grants to the builder, and the
 *   time until they reach Cloud Build
 */
export function allowBuild(scope: Construct, builder: ServiceIdentity, sources: Bucket): ITerraformDependable[] {
  const wait = waitOf(scope, builder);
  wait.waitFor(sources.grantRead(builder));
  return [...["cloudbuild", "artifactregistry", "logging"].map((api) => RequiredApis.of(scope).enable(api)), wait];
}

function waitOf(scope: Construct, builder: ServiceIdentity): Wait {
  const owner = builder.node.scope;
  if (owner instanceof BuildIdentity) return owner.wait;
  const id = `build-by-${builder.grantee.id}`;
  return singleton(scope, id, (stack) => new GivenBuilder(stack, id)).wait;
}

/**
 * The first build fails where its grants are less than a minute old (provider example "Basic
 * Builder").
 */
function buildWait(scope: Construct): Wait {
  return new Wait(scope, "grants-reach-cloud-build", Duration.seconds(60));
}
