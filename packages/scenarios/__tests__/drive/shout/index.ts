import * as v from "valibot";
import { bucketName, taskVariables } from "../../../../../functions/shared/environment";
import { PermanentError } from "../../../../../functions/shared/errors";
import { start } from "../../../../../functions/shared/start";
import { createJsonOnce } from "../../../../../functions/shared/storage";
import { connectWithStorage } from "../../../../../functions/shared/storage-services";
import { taskHandler } from "../../../../../functions/shared/task-handler";

/** Writes a text in capitals to a bucket; refuses a blank one. */
export const handler = start(v.object({ ...taskVariables, BUCKET: bucketName }), (environment) => {
  const services = connectWithStorage("shout", environment);
  return taskHandler({
    environment,
    services,
    schema: v.object({ text: v.string() }),
    handle: async ({ text }, { id }) => {
      if (text.trim() === "") throw new PermanentError("empty_text", "The text is blank");
      await createJsonOnce(services.storage, { bucket: environment.BUCKET, name: `${id}.json` }, text.toUpperCase());
      return { id };
    },
  });
});
