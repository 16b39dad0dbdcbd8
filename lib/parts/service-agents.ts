import { DataGoogleProject } from "@cdktf/provider-google/lib/data-google-project";
import { DataGoogleStorageProjectServiceAccount } from "@cdktf/provider-google/lib/data-google-storage-project-service-account";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import type { IGrantable } from "../core/grantee";
import { singleton } from "../core/stack";
import { RequiredApis } from "./required-apis";

/**
 * Google's own identities in the project, which publish notifications, forward dead letters and
 * mint tokens. Their addresses contain the project number. Only the provider's beta has a resource
 * for them.
 *
 * An agent exists some time after its API was enabled, sometimes only after the API was used
 * (https://cloud.google.com/iam/docs/service-agents). Until then IAM refuses a grant to it with
 * "does not exist", and the provider does not retry. So every grant to an agent depends on its API
 * and on the pause of {@link RequiredApis}.
 */
export class ServiceAgents extends Construct {
  /** The service agents for the stack of `scope`. */
  static of(scope: Construct): ServiceAgents {
    return singleton(scope, "service-agents", (stack) => new ServiceAgents(stack, "service-agents"));
  }

  private projectNumber?: string;
  private storageMember?: string;

  /** Mints the tokens of tasks. */
  get cloudTasks(): IGrantable {
    return this.agent("cloud-tasks", "gcp-sa-cloudtasks", "cloudtasks");
  }

  /** Forwards dead letters and mints the tokens of push subscriptions. */
  get pubsub(): IGrantable {
    return this.agent("pubsub", "gcp-sa-pubsub", "pubsub");
  }

  /** Encrypts and decrypts function sources and images. */
  get cloudFunctions(): IGrantable {
    return this.agent("cloud-functions", "gcf-admin-robot", "cloudfunctions");
  }

  /** Encrypts and decrypts the images that functions run from. */
  get cloudRun(): IGrantable {
    return this.agent("cloud-run", "serverless-robot-prod", "run");
  }

  /** Encrypts and decrypts container images. */
  get artifactRegistry(): IGrantable {
    return this.agent("artifact-registry", "gcp-sa-artifactregistry", "artifactregistry");
  }

  /** Encrypts and decrypts what Eventarc stores for functions. */
  get eventarc(): IGrantable {
    return this.agent("eventarc", "gcp-sa-eventarc", "eventarc");
  }

  /** Encrypts and decrypts workflow definitions and executions. */
  get workflows(): IGrantable {
    return this.agent("workflows", "gcp-sa-workflows", "workflows");
  }

  /** Encrypts and decrypts the data of Dataflow jobs. */
  get dataflow(): IGrantable {
    return this.agent("dataflow", "dataflow-service-producer-prod", "dataflow");
  }

  /** Encrypts and decrypts the disks of Dataflow workers. */
  get compute(): IGrantable {
    return this.agent("compute", "compute-system", "compute");
  }

  /** Publishes notifications about objects. Reading its address also creates it. */
  get storage(): IGrantable {
    this.storageMember ??= new DataGoogleStorageProjectServiceAccount(this, "storage", {
      project: Deployment.of(this).project,
      dependsOn: [RequiredApis.of(this).enable("storage")],
    }).member;
    return {
      grantee: { member: this.storageMember, id: "storage-agent", after: RequiredApis.of(this).ready("storage") },
    };
  }

  private agent(id: string, domain: string, api: string): IGrantable {
    this.projectNumber ??= new DataGoogleProject(this, "project", {
      projectId: Deployment.of(this).project,
      // Where this API must still be enabled, Terraform reads the number only in the apply, and
      // plans to replace all grants to agents. So the number depends on nothing that changes more
      // often: not on other APIs, nor on the pause.
      dependsOn: [RequiredApis.of(this).enable("cloudresourcemanager")],
    }).number;
    return {
      grantee: {
        member: `serviceAccount:service-${this.projectNumber}@${domain}.iam.gserviceaccount.com`,
        id: `${id}-agent`,
        after: RequiredApis.of(this).ready(api),
      },
    };
  }
}
