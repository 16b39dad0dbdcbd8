import type { Construct } from "constructs";
import type { LauncherJob } from "../../functions/dataflow-launcher/environment";
import { Deployment } from "../core/deployment";
import type { Duration } from "../core/duration";
import { composeName } from "../core/names";
import { inRange, type Rule } from "../core/validation";
import { type DataflowTemplate, JOB_NAME } from "../parts/dataflow-template";
import type { DataflowWorkers } from "../parts/dataflow-workers";
import type { ScheduleTime } from "../parts/schedule-time";

/** A job of {@link ScheduledPreprocessing}. */
export interface PreprocessingJobProps {
  /** The template that is launched. */
  readonly template: DataflowTemplate;
  /**
   * Parameters of the template, or of a Beam YAML pipeline values of its variables, as a function
   * of the output location, `gs://<bucket>/{jobName}`. Each launch puts the name of its job there,
   * so that no launch overwrites the results of another; a task that is delivered again has the
   * same job. For one location of all launches, use `gs://<bucket>` of `outputBucket`.
   */
  readonly parameters: (output: string) => Readonly<Record<string, string>>;
  /** When the template is launched. */
  readonly schedule: ScheduleTime;
  /**
   * Also launches the template when Terraform applies. The next apply launches a finished job
   * again. Only for a classic template.
   * @default false
   */
  readonly deployTimeJob?: boolean;
  /**
   * Follows each launched job until it has ended, and hands a job that failed to the dead letter
   * with Dataflow's own message: 1 minute to 30 days, after which the job is handed over as
   * `job_timed_out` and runs on.
   * @default - a launched job is not followed; an alert fires if it fails
   */
  readonly waitFor?: Duration;
  /**
   * Workers at most: 1 to 1000.
   * @default - `maxWorkers` of the pattern
   */
  readonly maxWorkers?: number;
  /**
   * Machine type of the workers, such as `n1-standard-2`.
   * @default - `machineType` of the pattern
   */
  readonly machineType?: string;
}

/** The job that is launched by tasks which name none. Its schedule and its names carry no name. */
export const DEFAULT_JOB = "default";

const NAME = /^[a-z][a-z0-9-]{0,19}$/;

/** The rules for the jobs of a pattern. */
export function jobRules(jobs: Readonly<Record<string, PreprocessingJobProps>>): Rule[] {
  return [
    {
      code: "InvalidValue",
      broken: Object.keys(jobs).length === 0,
      message: "there is no job; allowed are template, parameters and schedule, or jobs",
    },
    ...Object.entries(jobs).flatMap(([name, { waitFor, maxWorkers }]): Rule[] => [
      {
        code: "InvalidValue",
        broken: !NAME.test(name),
        message: `"${name}" is not a name for a job; allowed is 1 to 20 of a-z, 0-9 and -, beginning with a letter`,
      },
      inRange(`waitFor of ${name}`, waitFor?.toSeconds(), { min: 60, max: 30 * 86_400, unit: "seconds" }),
      inRange(`maxWorkers of ${name}`, maxWorkers, { min: 1, max: 1000, integer: true }),
    ]),
  ];
}

/** Prefix of the names of a job's launches. */
export function jobNamePrefix(scope: Construct, name: string): string {
  const words = name === DEFAULT_JOB ? [scope.node.id] : [scope.node.id, name];
  return composeName("dataflowJob", words, Deployment.of(scope));
}

/** What the launcher knows of a job. */
export function launchOf(
  scope: Construct,
  name: string,
  job: PreprocessingJobProps,
  { workers, output }: { readonly workers: DataflowWorkers; readonly output: string },
): LauncherJob {
  const parameters = job.parameters(`${output}/${JOB_NAME}`);
  job.template.checkParameters(scope, Object.keys(parameters));
  const { kind, path, variables, pipelineOptions, ...template } = job.template.bind(scope, workers);
  const { maxWorkers, machineType } = job;
  return {
    template: { kind, path },
    namePrefix: jobNamePrefix(scope, name),
    parameters: variables ? template.parameters : parameters,
    ...(variables && { variables: { ...variables, ...parameters } }),
    environment: { ...workers.environment({ maxWorkers, machineType, pipelineOptions }) },
    waitSeconds: job.waitFor?.toSeconds(),
  };
}
