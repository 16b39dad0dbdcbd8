import type { StackResource } from "../../terraform";
import { settingsOf } from "../functions";
import type { Command } from "./flows/flow";
import type { RunningStack } from "./running-stack";

/** For a stack that is none of the five: calls each function as somebody who may, and fires each schedule. */
export async function plainCommands(running: RunningStack, operator: string): Promise<Command[]> {
  const calls = await Promise.all(
    running.named("google_cloudfunctions2_function").map((resource) => callOf(running, resource, operator)),
  );
  const curl = await running.curl({ operator });
  return [...calls, ...running.schedules().map((job) => ({ title: `fire ${job} now`, command: curl.fire(job) }))];
}

async function callOf(running: RunningStack, resource: StackResource, operator: string): Promise<Command> {
  const { defaults, projectNumber } = running.stack;
  const { name, service, url } = settingsOf(resource, { ...defaults, projectNumber });
  const caller = running.callerOf("run.routes.invoke", service);
  if (caller === undefined) {
    return { title: `nobody may call ${name}: no binding lets a service account`, command: `# ${url}` };
  }
  const everybody = caller === "allUsers";
  const curl = await running.curl({ operator, ...(!everybody && { email: caller }) });
  return { title: `call ${name}${everybody ? ", as anybody may" : ` as ${caller}`}`, command: curl.post(url, {}) };
}
