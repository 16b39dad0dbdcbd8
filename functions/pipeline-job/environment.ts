import * as v from "valibot";
import { integer, json } from "../shared/environment";
import { stepEnvironmentSchema } from "../shared/pipeline/environment";

const location = v.pipe(
  v.string(),
  v.regex(/^projects\/[^/\s]+\/locations\/[a-z0-9-]+$/, "a location like projects/P/locations/L"),
);
const texts = v.record(v.string(), v.string());
const anything = v.record(v.string(), v.unknown());

const variable = v.looseObject({ name: v.string(), value: v.string() });
const workerPool = v.looseObject({ containerSpec: v.looseObject({ env: v.optional(v.array(variable)) }) });

const job = v.variant(
  "kind",
  [
    v.object({
      kind: v.literal("run"),
      job: v.pipe(
        v.string(),
        v.regex(
          /^projects\/[^/\s]+\/locations\/[a-z0-9-]+\/jobs\/[a-z0-9-]+$/,
          "a job's name like projects/P/locations/L/jobs/J",
        ),
      ),
      args: v.optional(v.array(v.string())),
      environment: v.optional(texts),
    }),
    v.object({
      kind: v.literal("vertexTraining"),
      location,
      labels: v.optional(texts),
      jobSpec: v.looseObject({
        workerPoolSpecs: v.pipe(v.array(workerPool), v.minLength(1, "at least one worker pool")),
      }),
    }),
    v.object({ kind: v.literal("batchPrediction"), location, labels: v.optional(texts), job: anything }),
    v.object({
      kind: v.literal("dataflow"),
      location,
      template: v.object({ kind: v.picklist(["classic", "flex"], "classic or flex"), path: v.string() }),
      namePrefix: v.pipe(v.string(), v.regex(/^[a-z][-a-z0-9]{0,39}$/, "a prefix like train, at most 40")),
      parameters: texts,
      variables: v.optional(anything),
      environment: anything,
    }),
  ],
  "a job of kind run, vertexTraining, batchPrediction or dataflow",
);

export type Job = v.InferOutput<typeof job>;

export const environmentSchema = v.object({
  ...stepEnvironmentSchema.entries,
  /**
   * The job, as JSON.
   *
   * - `{ "kind": "run", "job": "projects/P/locations/L/jobs/J", "args", "environment" }`: a Cloud Run
   *   job, and what its executions get besides.
   * - `{ "kind": "vertexTraining", "location", "labels", "jobSpec" }`: a `CustomJobSpec` of Vertex AI,
   *   with a `containerSpec` in each worker pool.
   * - `{ "kind": "batchPrediction", "location", "labels", "job" }`: fields of a `BatchPredictionJob`.
   * - `{ "kind": "dataflow", "location", "template": { "kind", "path" }, "namePrefix", "parameters",
   *   "variables", "environment" }`: a Dataflow template; `variables` are those of a Beam YAML
   *   pipeline, and are launched as the parameter `jinja_variables`.
   *
   * Every string may have placeholders: `{run}`, `{step}`, `{index}`, `{element}`, `{output}`,
   * `{inputs.NAME}`, `{parameters.NAME}`. A variable that is one placeholder and nothing else gets
   * the value in its own form, such as a list.
   */
  JOB: json(job),
  /**
   * Seconds between the first questions for the job's state, 5 to 3600. Later ones come after a
   * tenth of the time that the job has taken, at most 5 minutes. Default 30.
   */
  POLL_INTERVAL_SECONDS: v.optional(integer(5, 3600), "30"),
  /** Seconds after which the job is cancelled, 60 to 2592000 (30 days). Default 86400 (a day). */
  MAX_DURATION_SECONDS: v.optional(integer(60, 2_592_000), "86400"),
});

export type PipelineJobEnvironment = v.InferInput<typeof environmentSchema>;
