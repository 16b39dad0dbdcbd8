import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import * as v from "valibot";
import { PermanentError } from "../shared/errors";
import { shortHash } from "../shared/hash";
import type { HttpHandler } from "../shared/http";
import { record } from "../shared/json";
import { runFile, runFolder } from "../shared/pipeline/layout";
import { loadRun, type Pipeline, type Run, runId } from "../shared/pipeline/run";
import { enqueueTask } from "../shared/pipeline/task";
import { createJsonOnce } from "../shared/storage";
import type { StorageServices } from "../shared/storage-services";
import { type TaskContext, taskHandler } from "../shared/task-handler";
import { scheduleTime } from "../shared/tasks";
import type { environmentSchema } from "./environment";

const schema = v.object({
  /**
   * An id that exists resumes its run. Default: made from the task's name, or random in a manual
   * call.
   */
  run: v.optional(runId),
  parameters: v.optional(record(v.unknown()), {}),
  /** The first steps do not begin before this time. Default: now. */
  scheduleTime: v.optional(scheduleTime),
});

/**
 * Starts a run of the pipeline: writes its steps and parameters, then enqueues the steps without
 * dependencies. Users, services, or a Cloud Tasks task call it. A second start of the same run
 * resumes it with the steps of the first start.
 */
export function createHandler(
  environment: v.InferOutput<typeof environmentSchema>,
  services: StorageServices,
): HttpHandler {
  const pipeline: Pipeline = { environment, services };
  return taskHandler({
    environment,
    services,
    schema,
    status: 202,
    handle: async ({ run: given, parameters, scheduleTime }, context) => {
      const id = given ?? defaultId(context);
      const run = await createOrResume(pipeline, { run: id, steps: environment.STEPS, parameters });
      const roots = run.steps.filter(({ after }) => after.length === 0);
      for (const step of roots) await enqueueTask(pipeline, step, { run: id, step: step.name }, scheduleTime);
      context.log.info("Started", { run: id });
      const folder = `gs://${environment.RUN_BUCKET}/${runFolder(id)}/`;
      return { run: id, enqueued: roots.map(({ name }) => name), folder };
    },
  });
}

/** A task's name may be longer than a run id, or begin with another character. */
function defaultId({ id, queue }: TaskContext): string {
  if (!queue) return randomUUID();
  return v.is(runId, id) ? id : shortHash(id);
}

async function createOrResume(pipeline: Pipeline, wanted: Run): Promise<Run> {
  if (await createJsonOnce(pipeline.services.storage, runFile(pipeline, wanted.run), wanted)) return wanted;
  const existing = await loadRun(pipeline, wanted.run);
  // Compares the written form: JSON.stringify writes -0 as 0.
  const written = JSON.parse(JSON.stringify(wanted.parameters));
  if (isDeepStrictEqual(existing.parameters, written)) return existing;
  throw new PermanentError("run_exists", `Run ${wanted.run} was started with other parameters; give another id`, 409);
}
