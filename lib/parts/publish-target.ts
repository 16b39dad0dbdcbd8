import type { PubsubTopicIamMember } from "@cdktf/provider-google/lib/pubsub-topic-iam-member";
import type { IConstruct } from "constructs";
import type { IGrantable } from "../core/grantee";

/** What messages are published to: a topic, whether this app creates it or not. */
export interface IPublishTarget extends IConstruct {
  /** Last part of `fullName`. */
  readonly name: string;
  /** `projects/<project>/topics/<topic>`, as Terraform knows it. */
  readonly topicId: string;
  /**
   * `projects/<project>/topics/<topic>`, known before anything is applied: for environment
   * variables.
   */
  readonly fullName: string;
  /** Lets a principal publish messages. Grants `roles/pubsub.publisher` on the topic. */
  grantPublish(to: IGrantable): PubsubTopicIamMember;
}

/** Keeps messages and tasks that failed for good, whether this app creates it or not. */
export interface IDeadLetter extends IConstruct {
  /** Receives the dead letters. */
  readonly topic: IPublishTarget;
}
