import { CloudTasksQueueIamMember } from "@cdktf/provider-google/lib/cloud-tasks-queue-iam-member";
import { Construct, type IConstruct } from "constructs";
import { Deployment } from "../core/deployment";
import type { IGrantable } from "../core/grantee";
import { checkImportedName } from "../core/names";
import { grantOnce } from "./grants";

/** A Cloud Tasks queue, whether this app creates it or not. */
export interface ITaskQueue extends IConstruct {
  /** Last part of `fullName`. */
  readonly name: string;
  /** `projects/<project>/locations/<region>/queues/<queue>`, known before anything is applied. */
  readonly fullName: string;
  /** Lets a principal create tasks. Grants `roles/cloudtasks.enqueuer` on the queue. */
  grantEnqueue(to: IGrantable): CloudTasksQueueIamMember;
}

/** What a queue can do, whether this app creates it or not. */
export abstract class QueueBase extends Construct implements ITaskQueue {
  abstract readonly name: string;
  /** The name as Terraform knows it, so that a grant comes after the queue. */
  protected abstract readonly reference: string;

  get fullName(): string {
    const { project, region } = Deployment.of(this);
    return `projects/${project}/locations/${region}/queues/${this.name}`;
  }

  grantEnqueue(to: IGrantable): CloudTasksQueueIamMember {
    const { project, region } = Deployment.of(this);
    return grantOnce(
      this,
      "roles/cloudtasks.enqueuer",
      to,
      (id, grant) =>
        new CloudTasksQueueIamMember(this, id, { project, location: region, name: this.reference, ...grant }),
    );
  }
}

/** A queue that another app creates. */
export class ImportedQueue extends QueueBase {
  constructor(
    scope: Construct,
    id: string,
    readonly name: string,
  ) {
    super(scope, id);
    checkImportedName(this, "queue", name);
  }

  protected get reference(): string {
    return this.name;
  }
}
