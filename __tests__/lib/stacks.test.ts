import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type App, TerraformResource, TerraformVariable } from "cdktf";
import { Construct } from "constructs";
import { jsonFindings } from "../../lib/core/json-check";
import { report } from "../../lib/core/validation";
import { Bucket } from "../../lib/parts/bucket";
import { GoogleStack } from "../../lib/parts/google-stack";
import { Topic } from "../../lib/parts/topic";
import type { Settings } from "../../lib/settings";
import { synthesize } from "../../lib/synthesize";
import { addStacks, STACKS } from "../support/stacks";
import { iamPage } from "./iam";
import { byType, errorsOf, type Json, reviewed, temporaryFolder, testApp, thrownBy } from "./support";

const settings: Settings = {
  project: "acme-ml",
  region: "us-central1",
  environment: "dev",
  stateBucket: "acme-state",
  vertexEndpointId: "1234567890",
  notificationEmails: [],
  labels: {},
  schedule: "0 3 * * *",
  timeZone: "Etc/UTC",
  versionedBuckets: false,
  trainAs: "function",
};

function stacksOf(app: App, given: Settings = settings): GoogleStack[] {
  return addStacks(app, given);
}

const NAMES = [...STACKS.keys()];
const app = testApp();
const stacks = new Map(stacksOf(app).map((stack) => [stack.node.id, stack]));
const jsons = new Map([...stacks].map(([name, stack]) => [name, reviewed(stack)]));

function jsonOf(name: string): Json {
  return jsons.get(name) as Json;
}

/** Resources of a type by their names. */
function named(name: string, type: string): string[] {
  return Object.values(byType(jsonOf(name), type)).map((resource) => String(resource.name));
}

describe.each(NAMES)("%s", (name) => {
  test("has no errors and synthesizes to this", () => {
    expect(errorsOf(stacks.get(name) as GoogleStack)).toEqual([]);
    expect(jsonOf(name)).toMatchSnapshot();
  });

  test("grants exactly what its IAM page says", () => {
    const file = join(__dirname, "iam", `${name}.md`);
    const page = iamPage(name, jsonOf(name));
    if (process.env.UPDATE_IAM_TABLES) writeFileSync(file, page);
    expect(page).toBe(readFileSync(file, "utf8"));
  });

  test("grants nothing to everybody, and replaces nobody's grants", () => {
    const types = Object.keys(jsonOf(name).resource as Json);
    expect(types.filter((type) => /_iam_(binding|policy|audit_config)$/.test(type))).toEqual([]);
    expect(JSON.stringify(jsonOf(name))).not.toMatch(/allUsers|allAuthenticatedUsers|compute@developer/);
  });

  test("labels everything that takes labels", () => {
    const resources = Object.entries(jsonOf(name).resource as Record<string, Record<string, Json>>);
    const labelled = resources.filter(([type]) => /_(bucket|topic|subscription|function|workflow|job)$/.test(type));
    expect(labelled.length).toBeGreaterThan(0);
    for (const [type, byId] of labelled.filter(([type]) => type !== "google_cloud_scheduler_job")) {
      for (const [id, { labels }] of Object.entries(byId)) {
        expect({ type, id, labels }).toEqual({ type, id, labels: { environment: "dev", stack: name } });
      }
    }
  });
});

describe("outputs keep the names of the documents", () => {
  test.each([
    [
      "async-batch",
      [
        "client",
        "dead_letter_subscription_name",
        "function_url",
        "input_bucket_name",
        "output_bucket_name",
        "queue_name",
        "redrive_function_name",
        "redrive_url",
        "submitter_url",
      ],
    ],
    [
      "task-pipeline",
      [
        "client",
        "dead_letter_subscription_name",
        "pipeline_steps",
        "queue_name",
        "redrive_function_name",
        "redrive_url",
        "run_bucket_name",
        "start_url",
        "task_name",
      ],
    ],
    [
      "event-workflow",
      [
        "bucket_name",
        "client",
        "cloud_function_name",
        "dead_letter_subscription_name",
        "pub_sub_topic",
        "redrive_function_name",
        "redrive_url",
        "results_bucket_name",
        "workflow_name",
      ],
    ],
    [
      "pubsub-fanout",
      [
        "client",
        "cloud_function_name",
        "cloud_function_names",
        "dead_letter_subscription_names",
        "redrive_function_name",
        "redrive_url",
        "results_bucket_name",
        "subscription_name",
        "subscription_names",
        "topic_name",
      ],
    ],
    [
      "scheduled-preprocessing",
      [
        "client",
        "dataflow_job_name",
        "dead_letter_subscription_name",
        "flowers_schedule_name",
        "input_bucket_name",
        "launcher_url",
        "output_bucket_name",
        "redrive_function_name",
        "redrive_url",
        "schedule_name",
        "task_queue_name",
      ],
    ],
  ])("of %s", (name, outputs) => {
    expect(Object.keys(jsonOf(name).output as Json).sort()).toEqual(outputs);
    expect(JSON.stringify(jsonOf(name).output)).not.toContain('"value":""');
  });
});

describe("names that the documents give", () => {
  test("are those of topic, function, workflow and subscription, each with its environment", () => {
    expect(named("event-workflow", "google_pubsub_topic")).toContain("data-uploaded-topic-dev");
    expect(named("event-workflow", "google_cloudfunctions2_function")).toContain("start-workflow-dev");
    expect(named("event-workflow", "google_workflows_workflow")).toEqual(["ml-prediction-workflow-dev"]);
    expect(named("pubsub-fanout", "google_pubsub_topic")).toContain("ai-workloads-topic-dev");
    expect(named("pubsub-fanout", "google_pubsub_subscription")).toContain("ai-workloads-subscription-dev");
  });

  test("two environments share no name, and all stacks of one neither", () => {
    const namesIn = (environment: string) =>
      stacksOf(testApp(), { ...settings, environment }).flatMap((stack) =>
        Object.entries(reviewed(stack).resource as Record<string, Record<string, Json>>).flatMap(([type, byId]) =>
          Object.values(byId).flatMap(({ name, account_id, role_id }) =>
            type.includes("_iam_member") || type === "google_storage_bucket_object"
              ? []
              : [name ?? account_id ?? role_id].filter(Boolean).map((text) => `${type} ${text}`),
          ),
        ),
      );
    const [dev, prod] = [namesIn("dev"), namesIn("prod")];
    expect(dev.length).toBeGreaterThan(50);
    expect(new Set([...dev, ...prod]).size).toBe(dev.length + prod.length);
  });
});

test("addresses stay as they are, so that no apply destroys what it should keep", () => {
  const file = join(__dirname, "addresses.json");
  const addresses = Object.fromEntries(NAMES.map((name) => [name, addressesOf(stacks.get(name) as GoogleStack)]));
  if (process.env.UPDATE_ADDRESS_LOCK) writeFileSync(file, `${JSON.stringify(addresses, null, 2)}\n`);
  const locked = JSON.parse(readFileSync(file, "utf8")) as Record<string, string[]>;
  expect(addressProblems(locked, addresses, movedIn(stacks))).toEqual([]);
});

describe("the address lock", () => {
  const locked = { batch: ["google_a.one", "google_a.two"] };

  test("finds what disappeared, unless it was moved", () => {
    const now = { batch: ["google_a.one", "google_a.three"] };
    expect(addressProblems(locked, now, new Set())).toEqual([
      'batch: google_a.two is gone: Terraform would destroy it. Keep its construct id, or call moveFromId("google_a.two") on the resource that takes its place; where it shall be destroyed, run UPDATE_ADDRESS_LOCK=1 npx jest stacks',
      "batch: google_a.three is new: run UPDATE_ADDRESS_LOCK=1 npx jest stacks",
    ]);
    expect(addressProblems(locked, now, new Set(["google_a.two"]))).toEqual([
      "batch: google_a.three is new: run UPDATE_ADDRESS_LOCK=1 npx jest stacks",
    ]);
  });

  test("finds whole stacks, and nothing where nothing changed", () => {
    expect(addressProblems(locked, {}, new Set())).toHaveLength(2);
    expect(addressProblems({}, locked, new Set())).toHaveLength(2);
    expect(addressProblems(locked, locked, new Set())).toEqual([]);
  });

  test("knows of moves by what resources say", () => {
    const stack = new GoogleStack(testApp(), "stack", settings);
    new Bucket(stack, "data").resource.moveFromId("google_storage_bucket.old_data");
    expect(movedIn(new Map([["stack", stack]]))).toEqual(new Set(["google_storage_bucket.old_data"]));
  });
});

type Addresses = Readonly<Record<string, readonly string[]>>;

function addressesOf(stack: GoogleStack): string[] {
  return Object.entries(reviewed(stack).resource as Record<string, Json>)
    .flatMap(([type, byId]) => Object.keys(byId).map((id) => `${type}.${id}`))
    .sort();
}

/** Old addresses that resources are moved from. */
function movedIn(given: ReadonlyMap<string, GoogleStack>): Set<string> {
  const moved = [...given.values()].flatMap((stack) =>
    stack.node
      .findAll()
      .filter((construct): construct is TerraformResource => construct instanceof TerraformResource)
      .flatMap((resource) => JSON.stringify(resource.toTerraform().moved ?? []).match(/(?<="from":")[^"]+/g) ?? []),
  );
  return new Set(moved);
}

function addressProblems(locked: Addresses, now: Addresses, moved: ReadonlySet<string>): string[] {
  const update = "run UPDATE_ADDRESS_LOCK=1 npx jest stacks";
  return [...new Set([...Object.keys(locked), ...Object.keys(now)])].flatMap((stack) => {
    const [before, after] = [locked[stack] ?? [], now[stack] ?? []];
    const gone = before.filter((address) => !after.includes(address) && !moved.has(address));
    const added = after.filter((address) => !before.includes(address));
    return [
      ...gone.map(
        (address) =>
          `${stack}: ${address} is gone: Terraform would destroy it. Keep its construct id, or call moveFromId("${address}") on the resource that takes its place; where it shall be destroyed, ${update}`,
      ),
      ...added.map((address) => `${stack}: ${address} is new: ${update}`),
    ];
  });
}

describe("synthesize", () => {
  /** An app with an output folder of its own. */
  const ownApp = () => testApp(undefined, temporaryFolder());
  const written = (outdir: string, stack: string) => join(outdir, "stacks", stack, "cdk.tf.json");

  test("writes all five stacks, whose JSON has no findings, from a folder that says nothing of this machine", () => {
    const all = ownApp();
    stacksOf(all);
    synthesize(all);
    for (const name of NAMES) {
      const text = readFileSync(written(all.outdir, name), "utf8");
      expect(jsonFindings(JSON.parse(text))).toEqual([]);
      expect(text).not.toContain(process.cwd());
      expect(text).not.toContain(all.outdir);
    }
    expect(readFileSync(join(all.outdir, "manifest.json"), "utf8")).not.toContain(process.cwd());
  });

  test("with a local state, and with alerts and labels, there are no findings either", () => {
    const all = ownApp();
    stacksOf(all, { ...settings, stateBucket: "", notificationEmails: ["ml@acme.com"], labels: { team: "vision" } });
    synthesize(all);
    expect(NAMES.filter((name) => !existsSync(written(all.outdir, name)))).toEqual([]);
  });

  /** An app that was synthesized well before, as its folder shows, and again with `change`. */
  function again(change: (stack: GoogleStack) => void): { outdir: string; message: string } {
    const [before, broken] = [ownApp(), ownApp()];
    Object.defineProperty(broken, "outdir", { value: before.outdir });
    new Topic(new GoogleStack(before, "stack", settings), "topic");
    synthesize(before);
    expect(existsSync(written(before.outdir, "stack"))).toBe(true);
    mkdirSync(join(before.outdir, "stacks/stack/.terraform"));
    const stack = new GoogleStack(broken, "stack", settings);
    new Topic(stack, "topic");
    change(stack);
    return { outdir: before.outdir, message: thrownBy(() => synthesize(broken)) };
  }

  test.each<[string, (stack: GoogleStack) => void, string]>([
    [
      "errors, all told at once",
      (stack) => {
        report(stack, "OutOfRange", "too much");
        new Bucket(stack, "data", { name: "No" });
      },
      '2 problems:\n  [stack] OutOfRange: too much\n  [stack/data] InvalidName: "No" is not a valid name for a Cloud Storage bucket; allowed is 3 to 63 of a-z, 0-9, -, _ and ., beginning and ending with a letter or digit, without the word google',
    ],
    [
      "a fault in its JSON",
      (stack) => {
        new Bucket(stack, "data", { overrides: { location: "queue-undefined" } });
      },
      "the synthesized JSON has faults:\n  [stack] resource.google_storage_bucket.data_7E2128CA.location holds a missing value: queue-undefined",
    ],
    [
      "two constructs that cdktf makes one resource of",
      (stack) => {
        new Topic(new Construct(stack, "Default"), "news", { name: "one" });
        new Topic(stack, "news", { name: "two" });
      },
      "the synthesized JSON has faults:\n  [stack] [stack/Default/news/Resource] and [stack/news/Resource] are one resource, google_pubsub_topic.news_1C6FE84A; give one another id",
    ],
    [
      "a logical id that comes too late",
      (stack) => new Bucket(stack, "data").resource.overrideLogicalId("raw"),
      '[stack/data/Resource] has the logical id data_7E2128CA: overrideLogicalId("raw") came after other resources had referred to it; keep the id and move what is deployed, by terraform state mv or a moved block',
    ],
    [
      "what cdktf itself finds",
      (stack) => stack.node.addValidation({ validate: () => ["no provider"] }),
      "Validation failed with the following errors:\n  [stack] no provider",
    ],
  ])("an app with %s leaves nothing that looks valid", (_, change, message) => {
    const result = again(change);
    expect(result.message).toContain(message);
    expect(existsSync(join(result.outdir, "manifest.json"))).toBe(false);
    expect(existsSync(written(result.outdir, "stack"))).toBe(false);
    expect(existsSync(join(result.outdir, "stacks/stack/.terraform"))).toBe(true);
  });

  test("a stack's own overrides are no second resource, and a logical id may be overridden in time", () => {
    const app = ownApp();
    const stack = new GoogleStack(app, "stack", settings);
    new Topic(stack, "news");
    stack.addOverride("resource.google_storage_bucket.raw", { name: "acme-raw", location: "EU" });
    new TerraformVariable(stack, "v", {}).overrideLogicalId("w");
    synthesize(app);
    const { resource } = JSON.parse(readFileSync(written(app.outdir, "stack"), "utf8"));
    expect(resource.google_storage_bucket).toEqual({ raw: { name: "acme-raw", location: "EU" } });
  });

  test("the manifest knows which stack needs which", () => {
    const both = ownApp();
    const first = new GoogleStack(both, "first", settings);
    const second = new GoogleStack(both, "second", settings);
    const topic = new Topic(first, "topic");
    new Topic(second, "topic", { name: "second-topic", overrides: { kmsKeyName: topic.resource.name } });
    synthesize(both);
    const manifest = JSON.parse(readFileSync(join(both.outdir, "manifest.json"), "utf8"));
    expect(manifest.stacks.second.dependencies).toEqual(["first"]);
  });

  test("makes the same bytes in another folder", () => {
    const trees = ["plain-", "with a blank "].map((prefix) => {
      const all = testApp(undefined, join(temporaryFolder(prefix), "out"));
      stacksOf(all);
      synthesize(all);
      return NAMES.map((name) => readFileSync(written(all.outdir, name), "utf8"));
    });
    expect(trees[0]).toEqual(trees[1]);
  });
});
