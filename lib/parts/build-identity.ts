import { ProjectIamMember } from "@cdktf/provider-google/lib/project-iam-member";
import { TimeProvider } from "@cdktf/provider-time/lib/provider";
import { Sleep } from "@cdktf/provider-time/lib/sleep";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import { grantOnProject } from "./grants";
import { RequiredApis } from "./required-apis";
import { ServiceIdentity } from "./service-identity";
import { singleton } from "./singleton";

/**
 * The identity that builds a stack's functions, instead of the default compute identity.
 *
 * Grants, as https://cloud.google.com/functions/docs/securing/build-custom-sa asks (read 2026-04): on the project
 * `roles/logging.logWriter` and `roles/artifactregistry.writer`, and `roles/storage.objectViewer`, by a condition, on the
 * buckets where Cloud Functions keeps its copies of sources. Each function adds the bucket of its source.
 */
export class BuildIdentity extends Construct {
  static of(scope: Construct): BuildIdentity {
    return singleton(scope, "build", (stack) => new BuildIdentity(stack, "build"));
  }

  readonly identity: ServiceIdentity;
  /** What a function's build depends on: the grants, and the time that they take to reach Cloud Build. */
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.identity = new ServiceIdentity(this, "identity", { description: "Builds the functions of this stack" });

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
          expression: ["gcf-v2-sources-", "gcf-v2-uploads-"]
            .map((bucket) => `resource.name.startsWith("projects/_/buckets/${bucket}")`)
            .join(" || "),
        },
      }),
    ];
    singleton(this, "time", (stack) => new TimeProvider(stack, "time"));
    // The first build fails where its grants are younger than a minute (provider example "Basic Builder").
    this.ready = [
      new Sleep(this, "grants-reach-cloud-build", { createDuration: "60s", dependsOn: grants }),
      ...["cloudbuild", "artifactregistry", "logging"].map((api) => RequiredApis.of(this).enable(api)),
    ];
  }
}
