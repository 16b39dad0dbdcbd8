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
import { resumeRun } from "./resume";
import { statusOf } from "./status";

const schema = v.pipe(
  v.object({
    /**
     * An id that exists continues its run. Default: made from the task's name, or random in a
     * manual call.
     */
    run: v.optional(runId),
    parameters: v.optional(record(v.unknown())),
    /** The first steps do not begin before this time. Default: now. */
    scheduleTime: v.optional(scheduleTime),
    /** Enqueues again what was dead-lettered, instead of a start. */
    resume: v.optional(v.literal(true)),
    /** Answers with the state of the run, instead of a start. */
    status: v.optional(v.literal(true)),
  }),
  v.check(({ resume, status }) => !(resume && status), "`resume` or `status`"),
  v.check(
    ({ run, resume, status }) => run !== undefined || !(resume || status),
    "`run` with `resume` and with `status`",
  ),
  v.check(
    ({ parameters, scheduleTime, resume, status }) => !(resume || status) || !(parameters || scheduleTime),
    "neither `parameters` nor `scheduleTime` with `resume` or `status`: a run keeps those of its start",
  ),
);

/**
 * Starts a run of the pipeline: writes its steps and parameters, then enqueues the steps without
 * dependencies. Users, services, or a Cloud Tasks task call it. A second start of the same run
 * continues it with the steps of the first start. Also resumes what failed in a run, and tells its
 * state.
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
    status: (request) => (request.status ? 200 : 202),
    handle: async ({ run: given, parameters = {}, scheduleTime, resume, status }, context) => {
      if (given && status) return statusOf(pipeline, await loadRun(pipeline, given));
      if (given && resume) return { run: given, resumed: await resumeRun(pipeline, await loadRun(pipeline, given)) };
      const id = given ?? defaultId(context);
      const run = await createOrLoad(pipeline, { run: id, steps: environment.STEPS, parameters });
      const roots = run.steps.filter(({ after }) => after.length === 0);
      for (const step of roots) await enqueueTask(pipeline, run, step, {}, { scheduleTime });
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

async function createOrLoad(pipeline: Pipeline, wanted: Run): Promise<Run> {
  if (await createJsonOnce(pipeline.services.storage, runFile(pipeline, wanted.run), wanted)) return wanted;
  const existing = await loadRun(pipeline, wanted.run);
  // Compares the written form: JSON.stringify writes -0 as 0.
  const written = JSON.parse(JSON.stringify(wanted.parameters));
  if (isDeepStrictEqual(existing.parameters, written)) return existing;
  throw new PermanentError("run_exists", `Run ${wanted.run} was started with other parameters; give another id`, 409);
}
