import type { Construct, IConstruct } from "constructs";
import { check, matches, ValidationError } from "./validation";

/** Properties of {@link Deployment}. */
export interface DeploymentProps {
  /** Id of the Google Cloud project, such as `acme-ml`. */
  readonly project: string;
  /** Region of all regional resources, such as `europe-west1`. */
  readonly region: string;
  /**
   * Suffix of every resource name, so that one project can hold two environments. 1 to 12 of
   * `a-z0-9-`.
   * @default "dev"
   */
  readonly environment?: string;
  /**
   * Labels of every resource that takes labels. Keys are 1 to 63 of `a-z0-9_-` and begin with a
   * letter, values are up to 63 of `a-z0-9_-`.
   * @default - `environment` and `stack` only
   */
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * E-mail addresses that receive alerts: on dead letters, work that reaches no function, backlogs,
   * and functions, workflows and jobs that fail.
   * @default - no alert policies
   */
  readonly notificationEmails?: readonly string[];
  /**
   * Turns on object versioning for every bucket of the stack that does not set `versioning` itself.
   * @default false
   */
  readonly versionedBuckets?: boolean;
  /**
   * Name of an existing bucket that receives the usage logs of every bucket of the stack. The grant
   * to write them comes with it.
   * @default - no usage logs
   */
  readonly accessLogBucket?: string;
}

const deployments = new WeakMap<IConstruct, Deployment>();

/** Patterns that settings share with the deployment made of them. */
export const PROJECT_ID = /^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/;
export const REGION = /^[a-z]+-[a-z]+[0-9]+$/;
export const ENVIRONMENT = /^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/;
/** Name of a bucket, without `gs://`. */
export const BUCKET_NAME = /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/;
export const LABEL_KEY = /^[a-z][a-z0-9_-]{0,62}$/;
export const LABEL_VALUE = /^[a-z0-9_-]{0,63}$/;

/**
 * Project, region, environment and labels of resources. A deployment is attached to a stack, which
 * `GoogleStack` does, and found from every construct below it.
 */
export class Deployment {
  /**
   * Attaches a deployment to a scope, usually to a `TerraformStack` of your own that has a Google
   * provider.
   *
   * Reports InvalidValue.
   */
  static attach(scope: Construct, props: DeploymentProps): Deployment {
    const deployment = new Deployment(scope, props);
    deployments.set(scope, deployment);
    return deployment;
  }

  /**
   * The deployment of the nearest scope that has one.
   *
   * @throws ValidationError MissingDeployment where no scope has one
   */
  static of(construct: IConstruct): Deployment {
    for (let scope: IConstruct | undefined = construct; scope; scope = scope.node.scope) {
      const deployment = deployments.get(scope);
      if (deployment) return deployment;
    }
    throw new ValidationError(
      "MissingDeployment",
      "no project and region are known here; put the construct into a GoogleStack, or call Deployment.attach(stack, { project, region })",
      construct.node.path,
    );
  }

  /** Id of the Google Cloud project. */
  readonly project: string;
  /** Region of all regional resources. */
  readonly region: string;
  /** Suffix of every resource name. */
  readonly environment: string;
  /** The labels that were given, `environment` and `stack`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Sorted. Empty: there are no alert policies. */
  readonly notificationEmails: readonly string[];
  /** Whether buckets keep noncurrent versions unless they say otherwise. */
  readonly versionedBuckets: boolean;
  /** Name of the bucket that receives usage logs. Undefined without usage logs. */
  readonly accessLogBucket?: string;

  private constructor(scope: Construct, props: DeploymentProps) {
    this.project = props.project;
    this.region = props.region;
    this.environment = props.environment ?? "dev";
    this.notificationEmails = [...(props.notificationEmails ?? [])].sort();
    this.versionedBuckets = props.versionedBuckets ?? false;
    this.accessLogBucket = props.accessLogBucket;
    this.labels = { environment: this.environment, stack: scope.node.id.toLowerCase(), ...props.labels };

    check(scope, [
      matches("project", this.project, PROJECT_ID, "a project id: 6 to 30 of a-z, 0-9 and -, beginning with a letter"),
      matches("region", this.region, REGION, "a region such as us-central1"),
      matches("environment", this.environment, ENVIRONMENT, "1 to 12 of a-z, 0-9 and -"),
      matches(
        "accessLogBucket",
        this.accessLogBucket,
        BUCKET_NAME,
        "the name of a Cloud Storage bucket, without gs://",
      ),
      ...Object.entries(this.labels).flatMap(([key, value]) => [
        matches("label key", key, LABEL_KEY, "1 to 63 of a-z, 0-9, _ and -, beginning with a letter"),
        matches(`label ${key}`, value, LABEL_VALUE, "up to 63 of a-z, 0-9, _ and -"),
      ]),
      ...this.notificationEmails.map((email) =>
        matches("notification e-mail", email, /^[^\s@]+@[^\s@]+\.[^\s@]+$/, "an e-mail address"),
      ),
    ]);
  }
}
