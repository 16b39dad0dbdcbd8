import { cancelJob, findJob, jobState, launchTemplate, type Template } from "../../shared/dataflow";
import type { GoogleApi } from "../../shared/google-api";
import type { JobKind, Launch } from "../job-kind";
import { fill, fillValues } from "../placeholders";

/** A Dataflow template. */
export interface DataflowTemplateJob {
  readonly kind: "dataflow";
  /** `projects/P/locations/R` */
  readonly location: string;
  readonly template: Template;
  /** Prefix of the jobs' names, `^[a-z][-a-z0-9]{0,39}$`. */
  readonly namePrefix: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Of a Beam YAML pipeline, in any form that JSON has. */
  readonly variables?: Readonly<Record<string, unknown>>;
  /** The environment of the launch request. */
  readonly environment: Readonly<Record<string, unknown>>;
}

/** Jobs of a Dataflow template. A job's name carries the key. */
export function dataflowJobs(google: GoogleApi, config: DataflowTemplateJob): JobKind {
  const { location, template, namePrefix } = config;
  const nameOf = ({ key }: Launch) => `${namePrefix}-${key}`;
  const full = (id: string) => `${location}/jobs/${id}`;

  async function find(launch: Launch): Promise<string | undefined> {
    const job = await findJob(google, location, nameOf(launch));
    return job && full(job.id);
  }

  return {
    find,
    async start(launch: Launch): Promise<string> {
      const { parameters, environment } = fill(config, launch.file);
      const variables = config.variables && fillValues(config.variables, launch.file);
      const job = await launchTemplate(google, location, template, {
        jobName: nameOf(launch),
        parameters,
        variables,
        environment,
      });
      const name = job ? full(job.id) : await find(launch);
      if (name === undefined) throw new Error(`Dataflow has a job ${nameOf(launch)} and does not list it`);
      return name;
    },
    state: (name: string) => jobState(google, name),
    cancel: (name: string) => cancelJob(google, name),
  };
}
