import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Writes `packages/emulator/__tests__/support/google-apis.json`: the HTTP rules and messages of the
 * APIs of jobs, from the `protos.json` of Google's clients. The clients themselves are no
 * dependencies: that of Vertex AI has more than 100 MB.
 *
 * Usage: `node scripts/ts.mjs scripts/extract-apis.ts <folder with node_modules of the clients>`
 */
interface Node {
  readonly nested?: Readonly<Record<string, Node>>;
  readonly fields?: Readonly<Record<string, { readonly type: string; readonly keyType?: string }>>;
  readonly methods?: Readonly<Record<string, { readonly options?: Readonly<Record<string, string>> }>>;
}

interface Client {
  readonly module: string;
  readonly package: string;
  readonly services: readonly string[];
  readonly messages: readonly string[];
}

const CLIENTS: readonly Client[] = [
  {
    module: "@google-cloud/run",
    package: "google.cloud.run.v2",
    services: ["Jobs", "Executions"],
    messages: [
      ...["Condition", "Container", "EnvVar", "EnvVarSource", "Execution", "ExecutionReference", "ExecutionTemplate"],
      ...["Job", "ListExecutionsResponse", "RunJobRequest", "RunJobRequest.Overrides", "SecretKeySelector"],
      ...["RunJobRequest.Overrides.ContainerOverride", "TaskTemplate"],
    ],
  },
  {
    module: "@google-cloud/aiplatform",
    package: "google.cloud.aiplatform.v1",
    services: ["JobService", "PredictionService"],
    messages: [
      ...["BatchDedicatedResources", "BatchPredictionJob", "BatchPredictionJob.InputConfig", "CompletionStats"],
      ...["BatchPredictionJob.OutputConfig", "BatchPredictionJob.OutputInfo", "ContainerSpec", "CustomJob"],
      ...["CustomJobSpec", "DiskSpec", "EnvVar", "GcsDestination", "GcsSource", "ListBatchPredictionJobsResponse"],
      ...["ListCustomJobsResponse", "MachineSpec", "ManualBatchTuningParameters", "Scheduling", "WorkerPoolSpec"],
    ],
  },
  {
    module: "@google-cloud/dataflow",
    package: "google.dataflow.v1beta3",
    services: ["FlexTemplatesService", "JobsV1Beta3", "MessagesV1Beta3", "TemplatesService"],
    messages: ["Job", "JobMessage", "ListJobMessagesResponse", "ListJobsResponse"],
  },
];
const VERBS = ["get", "post", "put", "patch", "delete"];

const [folder] = process.argv.slice(2);
if (!folder) throw new Error("usage: extract-apis.ts <folder with node_modules of the clients>");
const methods: Record<string, string> = {};
const messages: Record<string, Record<string, string>> = {};
const sources: string[] = [];
for (const client of CLIENTS) {
  const path = join(folder, "node_modules", client.module);
  const { version } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
  sources.push(`${client.module} ${version}`);
  const root: Node = JSON.parse(readFileSync(join(path, "build", "protos", "protos.json"), "utf8"));
  const all = nodeAt(root, client.package);
  for (const service of client.services) {
    for (const [name, { options = {} }] of Object.entries(nodeAt(all, service).methods ?? {})) {
      const verb = VERBS.find((each) => options[`(google.api.http).${each}`] !== undefined);
      if (!verb) continue;
      methods[`${client.package}.${service}.${name}`] = `${verb.toUpperCase()} ${options[`(google.api.http).${verb}`]}`;
    }
  }
  for (const message of client.messages) {
    const fields = Object.entries(nodeAt(all, message).fields ?? {});
    messages[`${client.package}.${message}`] = Object.fromEntries(
      fields.map(([name, { type, keyType }]) => [name, keyType === undefined ? type : "map"]),
    );
  }
}
const source = `protos.json of ${sources.join(", ")}`;
writeFileSync(
  join("packages", "emulator", "__tests__", "support", "google-apis.json"),
  JSON.stringify({ source, methods, messages }, undefined, 2),
);

function nodeAt(from: Node, name: string): Node {
  return name.split(".").reduce((node, part) => {
    const inner = node.nested?.[part];
    if (!inner) throw new Error(`there is no ${name}`);
    return inner;
  }, from);
}
