import { readFileSync } from "node:fs";
import type { StackOnMachine } from "@cdktf-serverless-ml/emulator";
import type { Options } from "./options";
import { type Post, postJson, RedriveError, send } from "./post";

/** The redrive function of a stack that runs on this machine. @throws RedriveError */
export async function localFunction({ stack, local = "" }: Options): Promise<Post> {
  const { status, text } = await send(new URL("/stack", local), {});
  if (status !== 200) throw new RedriveError(`${local} is no control server of a local run: ${text.trim()}`);
  const running = JSON.parse(text) as StackOnMachine;
  if (running.stack !== stack) throw new RedriveError(`given the stack ${stack}; ${local} runs ${running.stack}`);
  const { redrive_url: url } = running.outputs;
  if (typeof url !== "string" || running.metadata === undefined) {
    throw new RedriveError(`the stack ${stack} has no outputs redrive_url and client`);
  }
  const { hostname, origin } = new URL(url);
  const identity = `http://${running.metadata}/computeMetadata/v1/instance/service-accounts/default/identity?audience=${origin}`;
  const ca = readFileSync(running.caFile);
  return async (body) => {
    const token = await send(new URL(identity), { headers: { "Metadata-Flavor": "Google" } });
    if (token.status !== 200) throw new RedriveError(`the metadata server of the run gives no token: ${token.text}`);
    const headers = { Host: hostname };
    return postJson(new URL(url), body, token.text, {
      hostname: "127.0.0.1",
      port: running.port,
      servername: hostname,
      ca,
      headers,
    });
  };
}
