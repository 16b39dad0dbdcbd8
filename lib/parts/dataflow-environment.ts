/** The environment of a job in Dataflow's REST API. */
export interface DataflowEnvironment {
  /** `gs://<bucket>/<folder>` for temporary files. */
  readonly tempLocation: string;
  /**
   * `gs://<bucket>/<folder>` for the files that a job is made of.
   * @default - as `tempLocation`
   */
  readonly stagingLocation?: string;
  /** The identity of the workers. */
  readonly serviceAccountEmail: string;
  /** Workers at most. */
  readonly maxWorkers: number;
  /**
   * Machine type of the workers, such as `n1-standard-2`.
   * @default - chosen by Dataflow
   */
  readonly machineType?: string;
  /**
   * Full name of the key that encrypts the data of the job.
   * @default - Google's keys
   */
  readonly kmsKeyName?: string;
  /**
   * Name of the workers' network.
   * @default - `default`
   */
  readonly network?: string;
  /**
   * `regions/<region>/subnetworks/<name>`, after `projects/<project>/` for a shared VPC.
   * @default - the automatic subnetwork of the region
   */
  readonly subnetwork?: string;
  /**
   * Gives the workers internal addresses only.
   * @default - external addresses
   */
  readonly ipConfiguration?: "WORKER_IP_PRIVATE";
  /** Labels of the job. */
  readonly additionalUserLabels: Readonly<Record<string, string>>;
  /**
   * Pipeline options of Beam, `<name>=<value>`.
   * @default - none
   */
  readonly additionalPipelineOptions?: readonly string[];
}

/** What one job has instead of the workers' own, and its pipeline options. */
export interface DataflowEnvironmentOptions {
  /**
   * Workers at most: 1 to 1000.
   * @default - `maxWorkers` of the workers
   */
  readonly maxWorkers?: number;
  /**
   * Machine type, such as `n1-standard-2`.
   * @default - `machineType` of the workers
   */
  readonly machineType?: string;
  /**
   * Pipeline options of Beam, `<name>=<value>`.
   * @default - none
   */
  readonly pipelineOptions?: readonly string[];
}
