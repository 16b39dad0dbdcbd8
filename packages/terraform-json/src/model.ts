import type { Value } from "./values";

/** Of the Google provider's configuration, where resources may leave it out. */
export interface ProviderDefaults {
  readonly project: string;
  readonly region: string;
}

/** Something in a stack that is not understood, or that cannot have a value. */
export interface Finding {
  /**
   * `google_cloud_tasks_queue.batch`, `data.google_project.this`, `output.url`, or a top-level
   * name.
   */
  readonly address: string;
  /** Such as `http_target.uri_override.host`; empty where it is the whole. */
  readonly attribute: string;
  /** The expression, as the JSON has it. */
  readonly expression?: string;
  readonly why: string;
}

/** A resource or data source, with all expressions evaluated. */
export interface StackResource {
  /** `google_cloud_tasks_queue.batch_queue_1A2B3C4D`, data sources with `data.` before it. */
  readonly address: string;
  readonly type: string;
  /** The id within its type. */
  readonly id: string;
  /** What is configured and, beside it, what Google and the provider compute (`google/`). */
  readonly attributes: Readonly<Record<string, Value>>;
  /** Paths of the attributes that are configured, blocks with dots and without indices. */
  readonly configured: readonly string[];
  /** Addresses of what it refers to or depends on, each once, sorted. */
  readonly dependsOn: readonly string[];
  /** The path in the construct tree, where cdktf wrote one. */
  readonly path?: string;
}

export interface Stack {
  readonly name: string;
  /** Absolute path of the folder; relative sources lie in it. */
  readonly folder: string;
  readonly defaults: ProviderDefaults;
  readonly projectNumber: string;
  readonly resources: readonly StackResource[];
  readonly data: readonly StackResource[];
  readonly outputs: Readonly<Record<string, Value>>;
  /** Values of variables and outputs that are marked as sensitive. */
  readonly sensitive: readonly Value[];
  /** The `moved` blocks. */
  readonly moved: readonly Readonly<Record<string, Value>>[];
  readonly findings: readonly Finding[];
}
