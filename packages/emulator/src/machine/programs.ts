import type { Command } from "./plain-commands";
import type { RunningStack } from "./running-stack";

/**
 * How to start a program of one's own, outside the run, as each account that calls the stack from outside: its client, and
 * whoever may consume a pull subscription. For a stack that has neither: as each of its accounts.
 */
export async function programCommands(running: RunningStack): Promise<Command[]> {
  const { network } = running.parts;
  return Promise.all(
    callersOf(running).map(async (email) => ({
      title: `run a program of yours as ${email.split("@")[0]}; here node, any language does: docs/local.md`,
      command: `(. ${await network.environmentFile(email)} && node program.js)`,
    })),
  );
}

function callersOf(running: RunningStack): string[] {
  const { client } = running.stack.outputs;
  const consumers = running
    .named("google_pubsub_subscription")
    .map(({ attributes: { project, name, push_config } }) => {
      const { project: home } = running.stack.defaults;
      const subscription = `projects/${project ?? home}/subscriptions/${name}`;
      return push_config ? undefined : running.holderOf("pubsub.subscriptions.consume", subscription);
    });
  const callers = [typeof client === "string" ? client.replace(/^serviceAccount:/, "") : undefined, ...consumers];
  const found = [...new Set(callers.filter((email) => email !== undefined))];
  return found.length > 0 ? found : running.named("google_service_account").map(({ attributes }) => attributes.email);
}
