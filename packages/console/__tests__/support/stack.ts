import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunningStack } from "@cdktf-serverless-ml/emulator";
import { strToU8, zipSync } from "fflate";

export const PROJECT = "acme-ml";
export const CLIENT = `client@${PROJECT}.iam.gserviceaccount.com`;
export const WORKER = `worker@${PROJECT}.iam.gserviceaccount.com`;
export const WRITES = "google_storage_bucket_iam_member.writes";

/** Writes an object named after what it gets, and logs. `{ "answer": 503 }` is answered so. */
export const CODE = `
const http = require("node:http");
const https = require("node:https");
const read = (request) => new Promise((resolve, reject) => {
  request.once("error", reject).once("response", (response) => {
    let text = "";
    response.on("data", (chunk) => (text += chunk)).once("end", () => resolve({ status: response.statusCode, text }));
  }).end();
});
exports.handler = async (request, response) => {
  const given = request.body?.message ? JSON.parse(Buffer.from(request.body.message.data, "base64")) : request.body;
  console.log(JSON.stringify({ severity: "INFO", message: "got " + given.name, revision: "REVISION" }));
  console.log("plain " + given.name);
  if (given.answer) return response.status(given.answer).send("as asked");
  const headers = { "Metadata-Flavor": "Google" };
  const path = "/computeMetadata/v1/instance/service-accounts/default/token";
  const { text } = await read(http.request("http://" + process.env.GCE_METADATA_HOST + path, { headers }));
  const put = https.request("https://storage.googleapis.com/upload/storage/v1/b/acme-ml-out/o?uploadType=media&name=" + given.name, {
    method: "POST",
    headers: { authorization: "Bearer " + JSON.parse(text).access_token, "content-type": "text/plain" },
  });
  put.write("REVISION of " + given.name);
  const { status } = await read(put);
  response.status(status === 200 ? 200 : 500).json({ status });
};
`;

/** The zip of the function with this revision's code. */
export function zipOf(revision: string, code = CODE): Uint8Array {
  const text = code.replaceAll("REVISION", revision);
  return zipSync({ "index.js": strToU8(text), "package.json": strToU8('{"main":"index.js"}') });
}

/** A queue and a topic before one worker, which writes to a bucket. */
export function writeStack(): { readonly folder: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), "console-stack-"));
  const folder = join(root, "small");
  mkdirSync(folder);
  writeFileSync(join(folder, "worker.zip"), zipOf("first"));
  writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify(stack(), undefined, 2));
  return { folder, remove: () => rmSync(root, { recursive: true, force: true }) };
}

const QUEUE = `projects/${PROJECT}/locations/us-central1/queues/work`;

/** Creates a task as the stack's client does. @returns the id of its item */
export async function enqueue(running: RunningStack, name: string, body: object = { name }): Promise<string> {
  const httpRequest = {
    url: "https://overridden-by-queue.invalid/",
    headers: { "Content-Type": "application/json" },
    body: Buffer.from(JSON.stringify(body)).toString("base64"),
  };
  const url = `https://cloudtasks.googleapis.com/v2/${QUEUE}/tasks`;
  await running.client().json("POST", url, { task: { name: `${QUEUE}/tasks/${name}`, httpRequest } });
  return `queue work task ${name}`;
}

function stack(): object {
  const location = "us-central1";
  const uri = "${google_cloudfunctions2_function.worker.service_config[0].uri}";
  const member = (name: string) => `\${google_service_account.${name}.member}`;
  const email = (name: string) => `\${google_service_account.${name}.email}`;
  const tasks = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-cloudtasks.iam.gserviceaccount.com";
  const token = { service_account_email: email("caller"), audience: uri };
  return {
    provider: { google: [{ project: PROJECT, region: location }] },
    data: { google_project: { this: {} } },
    output: { client: { value: member("client") } },
    resource: {
      google_service_account: Object.fromEntries(
        ["client", "caller", "worker"].map((account_id) => [account_id, { account_id }]),
      ),
      google_storage_bucket: {
        sources: { name: "acme-ml-sources", location },
        out: { name: "acme-ml-out", location },
      },
      google_storage_bucket_object: { worker: { bucket: "acme-ml-sources", name: "worker.zip", source: "worker.zip" } },
      google_cloudfunctions2_function: {
        worker: {
          name: "worker",
          location,
          build_config: {
            runtime: "nodejs24",
            entry_point: "handler",
            source: { storage_source: { bucket: "acme-ml-sources", object: "worker.zip" } },
          },
          service_config: { max_instance_count: 4, service_account_email: email("worker") },
        },
      },
      google_cloud_tasks_queue: {
        work: {
          name: "work",
          location,
          retry_config: { max_attempts: 5, min_backoff: "600s", max_backoff: "600s" },
          http_target: {
            http_method: "POST",
            oidc_token: token,
            uri_override: { scheme: "HTTPS", host: `\${replace(${uri.slice(2, -1)}, "https://", "")}` },
          },
        },
      },
      google_pubsub_topic: { work: { name: "work" }, dead: { name: "dead" } },
      google_pubsub_subscription: {
        work: {
          name: "work",
          topic: "${google_pubsub_topic.work.id}",
          push_config: { push_endpoint: uri, oidc_token: token },
        },
        kept: { name: "kept", topic: "${google_pubsub_topic.work.id}" },
      },
      google_cloud_tasks_queue_iam_member: {
        client: { name: "work", location, role: "roles/cloudtasks.enqueuer", member: member("client") },
      },
      google_pubsub_topic_iam_member: {
        client: { topic: "work", role: "roles/pubsub.publisher", member: member("client") },
      },
      google_cloud_run_v2_service_iam_member: {
        caller: { name: "worker", location, role: "roles/run.invoker", member: member("caller") },
      },
      google_service_account_iam_member: {
        tasks: {
          service_account_id: "${google_service_account.caller.name}",
          role: "roles/iam.serviceAccountUser",
          member: tasks,
        },
      },
      google_storage_bucket_iam_member: {
        writes: { bucket: "acme-ml-out", role: "roles/storage.objectCreator", member: member("worker") },
        client: { bucket: "acme-ml-out", role: "roles/storage.objectAdmin", member: member("client") },
      },
    },
  };
}
