import type { RunningStack } from "@cdktf-serverless-ml/emulator";
import { InputError } from "./scenario";

/**
 * Creates the task that a schedule creates, with another payload, as the schedule's service
 * account.
 *
 * @throws InputError, RequestFailed
 */
export async function createTaskLike(running: RunningStack, schedule: string, payload: object): Promise<void> {
  const [found] = running.named("google_cloud_scheduler_job").filter(({ attributes }) => attributes.name === schedule);
  const target = found?.attributes.http_target;
  const account = target?.oauth_token?.service_account_email;
  if (!account) throw new InputError(`the schedule ${schedule} has no service account`);
  const { task } = JSON.parse(Buffer.from(target.body, "base64").toString());
  task.httpRequest.body = Buffer.from(JSON.stringify(payload)).toString("base64");
  await running.client(account).json("POST", target.uri, { task });
}
