import type { ProviderDefaults, StackResource } from "../model";
import type { Value } from "../values";

export type Attributes = Readonly<Record<string, Value>>;

/**
 * Attributes that Terraform learns from Google, by path (blocks with dots), as Google computes them
 * from the others.
 */
export type Computed = Readonly<Record<string, (attributes: Attributes, defaults: ProviderDefaults) => Value>>;

/**
 * What a resource is drawn as. A `service` is a container that is called, a `pool` is containers
 * that pull; a `job` runs to its end (Dataflow, Cloud Run).
 */
export type ResourceKind =
  | "schedule"
  | "queue"
  | "function"
  | "service"
  | "topic"
  | "subscription"
  | "bucket"
  | "workflow"
  | "job"
  | "pool";

/** What grants on resources of a type say: `<type>_iam_member` and `<type>_iam_binding`. */
export interface IamFamily {
  /** The attributes that say what a grant is on. */
  readonly attributes: readonly string[];
  /** The one of them that names the resource. */
  readonly name: string;
  /** The full name of the resource: `projects/P`, `projects/_/buckets/B`, … */
  readonly resource: (attributes: Attributes, project: string) => string;
  /**
   * The types of resources that can be meant, the likeliest first.
   * @default - the type before `_iam_member`
   */
  readonly on?: readonly string[];
}

/** A call or a delivery that follows from a resource's own settings, without grants. */
export interface Link {
  /** Addresses. */
  readonly from: string;
  readonly to: string;
  /** Such as `POST`; empty where the two ends say it. */
  readonly what: string;
  /** The service account whose token a call presents. */
  readonly as?: string;
  /** Google delivers by itself; otherwise it is a call. */
  readonly delivered?: boolean;
  /** Of resources that the link stands for, besides its ends. */
  readonly addresses?: readonly string[];
}

/** What the links of a resource are found in. */
export interface Lookup {
  /** The first resource of a type whose attributes pass a test. */
  first(type: string, test: (attributes: Attributes) => boolean): StackResource | undefined;
  /** A topic by its full name, or by its id. */
  topic(name: unknown): StackResource | undefined;
  /** The worker that a URL leads to. */
  workerAt(url: unknown): { readonly resource: StackResource } | undefined;
}

/** What is known of a Terraform resource type. Everything is optional. */
export interface ResourceType {
  readonly computed?: Computed;
  readonly iam?: IamFamily;
  /** @default - it is not drawn */
  readonly kind?: ResourceKind;
  /** The service account that it runs as: e-mail, member or full name. */
  readonly runsAs?: (attributes: Attributes) => unknown;
  /** The service account whose token it presents to what it calls. */
  readonly presents?: (attributes: Attributes) => unknown;
  /** The service account that builds it. */
  readonly builtBy?: (attributes: Attributes) => unknown;
  readonly links?: (resource: StackResource, stack: Lookup) => readonly Link[];
  /** The domain of the service agent that has to exist when the resource is created. */
  readonly needsAgent?: string;
}

/**
 * One of Google's own accounts in a project:
 * `service-<project number>@<domain>.iam.gserviceaccount.com`.
 */
export interface ServiceAgent {
  readonly domain: string;
  /** The API that brings it, without `.googleapis.com`. */
  readonly api: string;
  /**
   * The role that Google grants it on every project whose API is on, without any binding in
   * Terraform.
   */
  readonly grantedRole?: { readonly role: string; readonly source: string };
}

/** What is known of one Google service. */
export interface GoogleService {
  readonly resources: Readonly<Record<string, ResourceType>>;
  /** What its data sources compute. */
  readonly data?: Readonly<Record<string, Computed>>;
  readonly agents?: readonly ServiceAgent[];
}
