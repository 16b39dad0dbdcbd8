/** A kind of jobs that are no resources: whoever has the permission on the project starts them. */
export interface Launch {
  readonly permission: string;
  /** The first line of their box. */
  readonly label: string;
  /**
   * The role on the project that their service account needs.
   * @default - the account is named in the environment of what starts them
   */
  readonly runsWith?: string;
}

export const LAUNCHES: readonly Launch[] = [
  { permission: "dataflow.jobs.create", label: "Dataflow job", runsWith: "roles/dataflow.worker" },
  { permission: "aiplatform.customJobs.create", label: "Vertex AI training" },
  { permission: "aiplatform.batchPredictionJobs.create", label: "Vertex AI batch prediction" },
];
