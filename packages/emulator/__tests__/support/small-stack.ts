import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";

export const CLIENT = "client@acme-ml.iam.gserviceaccount.com";

const CODE = "exports.hello = (request, response) => response.json({ hello: request.body?.name ?? 'world' });";

/** A stack with one function that anybody may call, and one bucket that `CLIENT` may use. */
export function smallStack(): { folder: string; remove: () => void } {
  const root = mkdtempSync(join(tmpdir(), "small-stack-"));
  const folder = join(root, "small");
  mkdirSync(folder);
  writeFileSync(join(folder, "hello.zip"), zipSync({ "index.js": strToU8(CODE), "package.json": strToU8("{}") }));
  const region = "us-central1";
  const json = {
    provider: { google: [{ project: "acme-ml", region }] },
    resource: {
      google_service_account: { client: { account_id: "client" }, runtime: { account_id: "runtime" } },
      google_storage_bucket: {
        sources: { name: "acme-ml-sources", location: region },
        things: { name: "acme-ml-things", location: region },
      },
      google_storage_bucket_object: {
        hello: { bucket: "${google_storage_bucket.sources.name}", name: "hello.zip", source: "hello.zip" },
      },
      google_storage_bucket_iam_member: {
        client: {
          bucket: "${google_storage_bucket.things.name}",
          role: "roles/storage.objectAdmin",
          member: "${google_service_account.client.member}",
        },
      },
      google_cloudfunctions2_function: {
        hello: {
          name: "hello",
          location: region,
          build_config: {
            runtime: "nodejs24",
            entry_point: "hello",
            source: {
              storage_source: { bucket: "acme-ml-sources", object: "${google_storage_bucket_object.hello.name}" },
            },
          },
          service_config: { service_account_email: "${google_service_account.runtime.email}" },
        },
      },
      google_cloud_run_v2_service_iam_member: {
        everybody: { name: "hello", location: region, role: "roles/run.invoker", member: "allUsers" },
      },
    },
  };
  writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify(json));
  return { folder, remove: () => rmSync(root, { recursive: true, force: true }) };
}
