import * as v from "valibot";
import { stepEnvironmentSchema } from "../../../../../../functions/shared/pipeline/environment";
import { pipelineStep } from "../../../../../../functions/shared/pipeline/step";
import { start } from "../../../../../../functions/shared/start";
import { connectWithStorage } from "../../../../../../functions/shared/storage-services";

/** A step that never fails. */
export const handler = start(stepEnvironmentSchema, (environment) =>
  pipelineStep({
    environment,
    services: connectWithStorage("own-step", environment),
    parameters: v.looseObject({}),
    work: async ({ run, write }) => ({ report: await write("report.txt", `Done: ${run}\n`, "text/plain") }),
  }),
);
