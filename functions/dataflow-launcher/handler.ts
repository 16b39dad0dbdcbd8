import * as v from "valibot";
import { findJob, launchTemplate } from "../shared/dataflow";
import { shortHash } from "../shared/hash";
import type { HttpHandler } from "../shared/http";
import { record } from "../shared/json";
import type { Services } from "../shared/services";
import { taskHandler } from "../shared/task-handler";
import type { environmentSchema } from "./environment";

const schema = v.object({
  /**
   * Override the template parameters of the function's environment. `{jobName}` in a value becomes
   * the job's name.
   */
  parameters: v.optional(record(v.string()), {}),
});

const JOB_NAME = "{jobName}";

/**
 * Launches a Dataflow template, once per task. The job's name derives from the task's name, so a
 * repeated task finds its job. A parameter with `{jobName}`, such as an output folder, differs
 * between tasks and stays the same when a task repeats. Answers with the job's name and id.
 */
export function createHandler(environment: v.InferOutput<typeof environmentSchema>, services: Services): HttpHandler {
  const { google } = services;
  const { DATAFLOW_LOCATION, TEMPLATE_KIND, TEMPLATE_PATH, JOB_NAME_PREFIX, LAUNCH } = environment;
  const jobNameOf = (taskId: string) => `${JOB_NAME_PREFIX}-${shortHash(taskId)}`;

  return taskHandler({
    environment,
    services,
    schema,
    findEffect: async (_payload, { id }) => {
      const job = await findJob(google, DATAFLOW_LOCATION, jobNameOf(id));
      return job && { job: job.id, name: job.name, launched: false };
    },
    handle: async ({ parameters }, { id, log }) => {
      const jobName = jobNameOf(id);
      const job = await launchTemplate(
        google,
        DATAFLOW_LOCATION,
        { kind: TEMPLATE_KIND, path: TEMPLATE_PATH },
        {
          jobName,
          parameters: named({ ...LAUNCH.parameters, ...parameters }, jobName),
          environment: LAUNCH.environment,
        },
      );
      log.info(job ? "Launched" : "Launched already", { jobName, job: job?.id });
      return {
        job: job?.id ?? (await findJob(google, DATAFLOW_LOCATION, jobName))?.id,
        name: jobName,
        launched: Boolean(job),
      };
    },
  });
}

function named(parameters: Readonly<Record<string, string>>, jobName: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).map(([key, value]) => [key, value.replaceAll(JOB_NAME, jobName)]),
  );
}
