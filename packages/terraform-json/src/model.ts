import type { Value } from "./values";

/** The Google provider's configuration, for resources without their own project or region. */
export interface ProviderDefaults {
  readonly project: string;
  readonly region: string;
}

/** A part of a stack that is not understood, or that has no value. */
export interface Finding {
  /**
   * `google_cloud_tasks_queue.batch`, `data.google_project.this`, `output.url`, or a top-level
   * name.
   */
  readonly address: string;
  /** Such as `http_target.uri_override.host`; empty for the whole resource. */
  readonly attribute: string;
  /** The expression in the JSON. */
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
  /** Configured attributes, and those that Google and the provider compute (`google/`). */
  readonly attributes: Readonly<Record<string, Value>>;
  /** Paths of the configured attributes; blocks with dots and without indices. */
  readonly configured: readonly string[];
  /** Addresses that it refers to or depends on, each once, sorted. */
  readonly dependsOn: readonly string[];
  /** The path in the construct tree, if cdktf wrote one. */
  readonly path?: string;
}

export interface Stack {
  readonly name: string;
  /** The absolute path of the folder, for relative sources. */
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
