import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import { bundleModules } from "../../../../lib/core/bundle";
import { PROJECT, zipOf } from "./stack";

const location = "us-central1";
/** Answers 503 where the message asks for it. */
const WORKER = `
exports.handler = (request, response) => {
  const { answer = 200 } = JSON.parse(Buffer.from(request.body.message.data, "base64"));
  response.status(answer).send("as asked");
};`;

/** Two subscriptions with dead letters of their own, and the real function that puts letters back. */
export function writeRedriveStack(): { readonly folder: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), "console-redrive-"));
  const folder = join(root, "small");
  mkdirSync(folder);
  writeFileSync(join(folder, "worker.zip"), zipOf("first", WORKER));
  writeFileSync(join(folder, "redrive.zip"), redriveZip());
  writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify(stack(), undefined, 2));
  return { folder, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** The zip of the function that puts letters back. @param first code that runs before each request */
export function redriveZip(first = ""): Uint8Array {
  const entry = join(__dirname, "../../../../functions/dead-letter-redrive/index.ts");
  const code = bundleModules([entry]).get(entry)?.code as Uint8Array;
  const wrapper = `
const { handler } = require("./redrive.js");
exports.handler = (request, response) => {
  ${first}
  return handler(request, response);
};`;
  const files = { "index.js": strToU8(wrapper), "redrive.js": code };
  return zipSync({ ...files, "package.json": strToU8('{"main":"index.js"}') });
}

const KINDS = ["image", "text"];

function each<T>(of: (kind: string) => Record<string, T>): Record<string, T> {
  return Object.assign({}, ...KINDS.map(of));
}

function stack(): object {
  const email = (name: string) => `\${google_service_account.${name}.email}`;
  const member = (name: string) => `\${google_service_account.${name}.member}`;
  const agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com";
  const uri = "${google_cloudfunctions2_function.worker.service_config[0].uri}";
  const push_config = {
    push_endpoint: uri,
    oidc_token: { service_account_email: email("caller"), audience: uri },
  };
  const topic = (name: string) => `\${google_pubsub_topic.${name}.id}`;
  const origins = KINDS.map((kind) => ({
    kept: `projects/${PROJECT}/subscriptions/kept-${kind}`,
    queues: {},
    topics: { [kind]: `projects/${PROJECT}/topics/again-${kind}` },
  }));
  const functionOf = (name: string, environment_variables = {}) => ({
    name,
    location,
    build_config: {
      runtime: "nodejs24",
      entry_point: "handler",
      source: { storage_source: { bucket: "acme-ml-sources", object: `${name}.zip` } },
    },
    service_config: { service_account_email: email(name), environment_variables },
  });
  const may = (role: string, who: string) => ({ role: `roles/${role}`, member: who });
  return {
    provider: { google: [{ project: PROJECT, region: location }] },
    data: { google_project: { this: {} } },
    output: { client: { value: member("client") } },
    resource: {
      google_service_account: Object.fromEntries(
        ["client", "caller", "worker", "redrive"].map((account_id) => [account_id, { account_id }]),
      ),
      google_storage_bucket: { sources: { name: "acme-ml-sources", location } },
      google_storage_bucket_object: Object.fromEntries(
        ["worker", "redrive"].map((name) => [
          name,
          { bucket: "acme-ml-sources", name: `${name}.zip`, source: `${name}.zip` },
        ]),
      ),
      google_cloudfunctions2_function: {
        worker: functionOf("worker"),
        redrive: functionOf("redrive", { ORIGINS: JSON.stringify(origins), GOOGLE_CLOUD_PROJECT: PROJECT }),
      },
      google_pubsub_topic: {
        work: { name: "work" },
        ...each((kind) => ({
          [`dead-${kind}`]: { name: `dead-${kind}` },
          [`again-${kind}`]: { name: `again-${kind}` },
        })),
      },
      google_pubsub_subscription: each((kind) => {
        const dead_letter_policy = { dead_letter_topic: topic(`dead-${kind}`), max_delivery_attempts: 5 };
        return {
          [kind]: {
            name: kind,
            topic: topic("work"),
            filter: `attributes.kind = "${kind}"`,
            dead_letter_policy,
            push_config,
          },
          [`again-${kind}`]: { name: `again-${kind}`, topic: topic(`again-${kind}`), dead_letter_policy, push_config },
          [`kept-${kind}`]: { name: `kept-${kind}`, topic: topic(`dead-${kind}`), ack_deadline_seconds: 600 },
        };
      }),
      google_pubsub_topic_iam_member: {
        client: { topic: "work", ...may("pubsub.publisher", member("client")) },
        ...each((kind) => ({
          [`dead-${kind}`]: { topic: `dead-${kind}`, ...may("pubsub.publisher", agent) },
          [`again-${kind}`]: { topic: `again-${kind}`, ...may("pubsub.publisher", member("redrive")) },
        })),
      },
      google_pubsub_subscription_iam_member: each((kind) => ({
        [kind]: { subscription: kind, ...may("pubsub.subscriber", agent) },
        [`again-${kind}`]: { subscription: `again-${kind}`, ...may("pubsub.subscriber", agent) },
        [`kept-${kind}`]: { subscription: `kept-${kind}`, ...may("pubsub.subscriber", member("redrive")) },
      })),
      google_cloud_run_v2_service_iam_member: {
        caller: { name: "worker", location, ...may("run.invoker", member("caller")) },
        client: { name: "redrive", location, ...may("run.invoker", member("client")) },
      },
    },
  };
}
