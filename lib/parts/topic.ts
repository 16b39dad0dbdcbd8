import { PubsubSchema } from "@cdktf/provider-google/lib/pubsub-schema";
import { PubsubTopic, type PubsubTopicConfig } from "@cdktf/provider-google/lib/pubsub-topic";
import { PubsubTopicIamMember } from "@cdktf/provider-google/lib/pubsub-topic-iam-member";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import type { Duration } from "../core/duration";
import type { IGrantable } from "../core/grantee";
import { checkImportedName, resourceName } from "../core/names";
import { literal } from "../core/terraform-text";
import { check, inRange } from "../core/validation";
import type { EncryptionKey } from "./encryption-key";
import { grantOnce } from "./grants";
import type { IPublishTarget } from "./publish-target";
import { PullSubscription, type PullSubscriptionProps } from "./pull-subscription";
import { PushSubscription, type PushSubscriptionProps } from "./push-subscription";
import { RequiredApis } from "./required-apis";
import { ServiceAgents } from "./service-agents";
import { schemaRules, type TopicSchema } from "./topic-schema";
import type { IWorker } from "./worker";

/** A Pub/Sub topic, whether this app creates it or not. */
export interface ITopic extends IPublishTarget {
  /** Adds a subscription that pushes the messages to a worker, see {@link PushSubscription}. */
  addPushSubscription(id: string, worker: IWorker, props?: PushSubscriptionProps): PushSubscription;
  /**
   * Adds a subscription that keeps the messages until they are pulled, see
   * {@link PullSubscription}.
   */
  addPullSubscription(id: string, props?: PullSubscriptionProps): PullSubscription;
}

/** Properties of {@link Topic}. */
export interface TopicProps {
  /**
   * 3 to 255 of `A-Za-z0-9._~+%-`.
   * @default - made of the construct path and the environment
   */
  readonly name?: string;
  /**
   * How long published messages can be replayed: 10 minutes to 31 days.
   * @default - the topic does not keep them
   */
  readonly messageRetention?: Duration;
  /**
   * Schema that all messages must match.
   * @default - messages of any form
   */
  readonly schema?: TopicSchema;
  /**
   * Key that encrypts the messages.
   * @default - Google's keys
   */
  readonly encryptionKey?: EncryptionKey;
  /**
   * Shallow overrides of the inner `google_pubsub_topic`.
   * @default - none
   */
  readonly overrides?: Partial<PubsubTopicConfig>;
}

abstract class TopicBase extends Construct implements ITopic {
  abstract readonly name: string;
  abstract readonly topicId: string;
  /** The name as Terraform knows it, so that a grant comes after the topic. */
  protected abstract readonly reference: string;

  get fullName(): string {
    return `projects/${Deployment.of(this).project}/topics/${this.name}`;
  }

  grantPublish(to: IGrantable): PubsubTopicIamMember {
    return grantOnce(
      this,
      "roles/pubsub.publisher",
      to,
      (id, grant) =>
        new PubsubTopicIamMember(this, id, {
          project: Deployment.of(this).project,
          topic: this.reference,
          ...grant,
        }),
    );
  }

  addPushSubscription(id: string, worker: IWorker, props: PushSubscriptionProps = {}): PushSubscription {
    return new PushSubscription(this, id, this, worker, props);
  }

  addPullSubscription(id: string, props: PullSubscriptionProps = {}): PullSubscription {
    return new PullSubscription(this, id, this, props);
  }
}

/** A Pub/Sub topic. Reports OutOfRange, InvalidName and InvalidSchema. */
export class Topic extends TopicBase {
  /**
   * A topic of the deployment's project that this app does not create. Reports InvalidName.
   *
   * @param name without `projects/…/topics/`
   */
  static fromName(scope: Construct, id: string, name: string): ITopic {
    return new ImportedTopic(scope, id, name);
  }

  /** The inner `google_pubsub_topic`. */
  readonly resource: PubsubTopic;
  /** Name of the resource, known before anything is applied. */
  readonly name: string;
  /** `projects/<project>/topics/<topic>`, as Terraform knows it. */
  readonly topicId: string;

  constructor(scope: Construct, id: string, props: TopicProps = {}) {
    super(scope, id);
    check(this, [
      inRange("messageRetention", props.messageRetention?.toSeconds(), { min: 600, max: 2678400, unit: "seconds" }),
    ]);
    const { project, labels } = Deployment.of(this);
    const { schema, encryptionKey } = props;
    this.name = resourceName(this, "topic", props.name);
    this.resource = new PubsubTopic(this, "Resource", {
      project,
      name: this.name,
      labels,
      messageRetentionDuration: props.messageRetention?.toString(),
      schemaSettings: schema && { schema: this.createSchema(schema).id, encoding: schema.encoding ?? "JSON" },
      kmsKeyName: encryptionKey?.name,
      dependsOn: [
        ...RequiredApis.of(this).ready("pubsub"),
        ...(encryptionKey ? [encryptionKey.grantUse(this, ServiceAgents.of(this).pubsub)] : []),
      ],
      ...props.overrides,
    });
    this.topicId = this.resource.id;
  }

  protected get reference(): string {
    return this.resource.name;
  }

  private createSchema(schema: TopicSchema): PubsubSchema {
    const { type, definition } = schema;
    const scope = new Construct(this, "schema");
    check(scope, schemaRules(schema));
    return new PubsubSchema(scope, "Resource", {
      project: Deployment.of(this).project,
      name: resourceName(scope, "schema"),
      type,
      definition: literal(definition),
      dependsOn: RequiredApis.of(this).ready("pubsub"),
    });
  }
}

class ImportedTopic extends TopicBase {
  constructor(
    scope: Construct,
    id: string,
    readonly name: string,
  ) {
    super(scope, id);
    checkImportedName(this, "topic", name);
  }

  protected get reference(): string {
    return this.name;
  }

  get topicId(): string {
    return this.fullName;
  }
}
