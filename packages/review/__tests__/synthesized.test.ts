import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Json, Value } from "../src/change";
import { readInputs } from "../src/inputs";
import { comment } from "../src/markdown/comment";
import { review } from "../src/review";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "review-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function synthesized(side: string, stacks: Record<string, Json | Json[]>): string {
  for (const [name, json] of Object.entries(stacks)) {
    mkdirSync(join(folder, side, "stacks", name), { recursive: true });
    writeFileSync(join(folder, side, "stacks", name, "cdk.tf.json"), JSON.stringify(json));
  }
  return join(folder, side);
}

const HEAD = `<!-- plan-review -->
VERDICT

_Without a plan, this compares the synthesized JSON of base and head. What is deployed may differ._

`;

/**
 * The comment on two versions of one stack; `VERDICT` stands for the second line where it does not
 * matter.
 */
function compared(base: Json | Json[], head: Json | Json[]): { verdict: string; rest: string } {
  const inputs = { plans: [], base: synthesized("base", { shop: base }), head: synthesized("head", { shop: head }) };
  const text = comment(review(readInputs(inputs).readings));
  const verdict = text.split("\n")[1] ?? "";
  const rest = text.replace(verdict, "VERDICT");
  expect(`${rest}\n`.startsWith(HEAD)).toBe(true);
  return { verdict, rest: rest.slice(HEAD.length) };
}

const provider = { google: [{ project: "acme-ml", region: "us-central1" }] };
const stack = (resource: Json, more: Json = {}) => ({ provider, resource, ...more });
const at = (path: string) => ({ "//": { metadata: { path } } });
const queue = (id: string, path: string, more: Json = {}) =>
  stack({ google_cloud_tasks_queue: { [id]: { ...at(path), name: "batch", location: "us-central1", ...more } } });

test("no difference is safe in one line", () => {
  expect(compared(queue("q", "shop/q"), queue("q", "shop/other"))).toEqual({
    verdict: "🟢 **Safe**: no changes.",
    rest: "",
  });
});

test("a renamed construct: the move, and where to call it", () => {
  const { verdict, rest } = compared(queue("old_1A2B3C4D", "shop/old"), queue("new_5E6F7A8B", "shop/new"));
  expect(verdict).toBe("🔴 **Destroys data**: 1 deleted, 1 created; 1 of them holds data.");
  expect(rest).toContain(
    `  - To keep it, call this on the resource of \`google_cloud_tasks_queue.new_5E6F7A8B\`, the construct \`shop/new\`:
    \`\`\`ts
    .moveFromId("google_cloud_tasks_queue.old_1A2B3C4D");
    \`\`\``,
  );
});

test("a move that is not enough says which settings must stay", () => {
  const limits = { rate_limits: { max_concurrent_dispatches: 5 } };
  const { rest } = compared(
    queue("batch_queue_1A2B3C4D", "shop/batch/queue", { ...limits, name: "shop-batch-queue" }),
    queue("jobs_queue_5E6F7A8B", "shop/jobs/queue", { ...limits, name: "shop-jobs-queue" }),
  );
  expect(rest).toContain('.moveFromId("google_cloud_tasks_queue.batch_queue_1A2B3C4D");');
  expect(rest).toContain(
    "  - The move alone still replaces it: also keep `name` (`shop-batch-queue` → `shop-jobs-queue`) as it was.\n",
  );
});

test("a renamed resource may differ in a part of each block", () => {
  const limits = (burst: number) => ({
    rate_limits: { max_burst_size: burst, max_concurrent_dispatches: 5, max_dispatches_per_second: 10 },
    retry_config: { max_attempts: burst, max_backoff: "60s", min_backoff: "1s" },
  });
  const { rest } = compared(
    queue("batch_queue_1A2B3C4D", "shop/batch/queue", { ...limits(1), name: "shop-batch-queue" }),
    queue("batch_jobs_5E6F7A8B", "shop/batch/jobs", { ...limits(2), name: "shop-batch-jobs" }),
  );
  expect(rest).toContain('.moveFromId("google_cloud_tasks_queue.batch_queue_1A2B3C4D");');
});

test("a moved block is a move", () => {
  const moved = [{ from: "google_cloud_tasks_queue.old", to: "google_cloud_tasks_queue.new" }];
  const { verdict, rest } = compared(queue("old", "shop/old"), { ...queue("new", "shop/new"), moved });
  expect(verdict).toBe("🟢 **Safe**: 1 moved.");
  expect(rest).toContain("- `google_cloud_tasks_queue.new` moved from `google_cloud_tasks_queue.old`\n");
});

describe("grants of renamed resources", () => {
  const account = "async-batch";
  const parent = (name: string, more: Json = {}) =>
    stack({
      google_service_account: {
        [`batch_${name}_identity`]: { ...at(`shop/batch/${name}/identity`), account_id: `${account}-${name}` },
      },
      google_cloud_tasks_queue: {
        [`batch_${name}`]: { ...at(`shop/batch/${name}/Resource`), name, location: "us-central1", retry_config: {} },
      },
      google_cloud_tasks_queue_iam_member: {
        [`batch_${name}_enqueuer`]: {
          name: `\${google_cloud_tasks_queue.batch_${name}.name}`,
          role: "roles/cloudtasks.enqueuer",
          member: `\${google_service_account.batch_${name}_identity.member}`,
        },
      },
      ...more,
    });
  const member = (name: string) => `\`serviceAccount:${account}-${name}@acme-ml.iam.gserviceaccount.com\``;

  test("are separated from other grants", () => {
    const more = { google_pubsub_topic: { t: { name: "t" } } };
    const publisher = (name: string) => ({
      google_pubsub_topic_iam_member: {
        m: {
          topic: "t",
          role: "roles/pubsub.publisher",
          member: `\${google_service_account.batch_${name}_identity.member}`,
        },
      },
    });
    const { verdict, rest } = compared(parent("queue", more), parent("jobs", { ...more, ...publisher("jobs") }));
    expect(verdict).toBe("🔴 **Destroys data**: 2 deleted, 2 created, 1 grant gained or lost; 1 of them holds data.");
    expect(rest).toContain(`### IAM

|  | who | role | on | wider because |
| --- | --- | --- | --- | --- |
| gains | ${member("jobs")} | \`roles/pubsub.publisher\` | pubsub topic \`t\` |  |

<details>
<summary>1 grant that follows a rename</summary>

- \`roles/cloudtasks.enqueuer\` on cloud tasks queue \`queue\` → \`jobs\`: ${member("queue")} → ${member("jobs")}

</details>
`);
  });

  test("are other grants if the role or the member differs", () => {
    const head = structuredClone(parent("jobs"));
    head.resource.google_cloud_tasks_queue_iam_member.batch_jobs_enqueuer.role = "roles/cloudtasks.admin";
    const wider = compared(parent("queue"), head).rest;
    expect(wider).not.toContain("follow");
    expect(wider).toContain(`| ⚠️ gains | ${member("jobs")} | \`roles/cloudtasks.admin\` |`);
    const other = structuredClone(parent("jobs"));
    other.resource.google_cloud_tasks_queue_iam_member.batch_jobs_enqueuer.member = "user:ann@example.com";
    const else_ = compared(parent("queue"), other).rest;
    expect(else_).not.toContain("follow");
    expect(else_).toContain("| gains | `user:ann@example.com` | `roles/cloudtasks.enqueuer` |");
  });

  test("an account is renamed with its parent, though only its address shows it", () => {
    const { rest } = compared(parent("queue"), parent("jobs"));
    expect(rest).toContain(
      "- `google_service_account.batch_queue_identity` is deleted; `google_service_account.batch_jobs_identity` is created: this looks like a rename.",
    );
    expect(rest).toContain(
      "  - The move alone still replaces it: also keep `account_id` (`async-batch-queue` → `async-batch-jobs`) as it was.",
    );
    const elsewhere: Value = structuredClone(parent("jobs"));
    const accounts = elsewhere.resource.google_service_account;
    accounts.other_jobs_identity = accounts.batch_jobs_identity;
    delete accounts.batch_jobs_identity;
    delete elsewhere.resource.google_cloud_tasks_queue_iam_member;
    expect(compared(parent("queue"), elsewhere).rest).toContain(
      "- `google_service_account.batch_queue_identity` is deleted.\n",
    );
  });
});

test("what cannot change in place is a replacement, other settings are changes", () => {
  const subscription = (more: Json) =>
    stack({
      google_pubsub_topic: { t: { name: "t" } },
      google_pubsub_subscription: { s: { name: "s", topic: "${google_pubsub_topic.t.id}", ...more } },
    });
  const { verdict, rest } = compared(
    subscription({ filter: 'attributes.a = "1"', ack_deadline_seconds: 10 }),
    subscription({ filter: 'attributes.a = "2"', ack_deadline_seconds: 20 }),
  );
  expect(verdict).toBe("🔴 **Destroys data**: 1 replaced; 1 of them holds data.");
  expect(rest).toContain('  - Forced by `filter`: `attributes.a = "1"` → `attributes.a = "2"`.\n');
  expect(rest).toContain(
    "### Changed settings\n\n- `google_pubsub_subscription.s`\n  - `ack_deadline_seconds`: `10` → `20`\n",
  );
});

test("grants name their members as Google does", () => {
  const grant = (role: string) =>
    stack({
      google_service_account: { worker: { account_id: "worker" } },
      google_storage_bucket: { b: { name: "acme-results", location: "US" } },
      google_storage_bucket_iam_member: {
        m: { bucket: "${google_storage_bucket.b.name}", role, member: "${google_service_account.worker.member}" },
      },
    });
  const { verdict, rest } = compared(grant("roles/storage.objectViewer"), grant("roles/storage.objectAdmin"));
  const who = "`serviceAccount:worker@acme-ml.iam.gserviceaccount.com`";
  expect(verdict).toBe("🟡 **Needs attention**: 2 grants gained or lost (1 wider).");
  expect(rest).toBe(`### IAM

|  | who | role | on | wider because |
| --- | --- | --- | --- | --- |
| ⚠️ gains | ${who} | \`roles/storage.objectAdmin\` | storage bucket \`acme-results\` | an administrator role; allows more than \`roles/storage.objectViewer\`, which it replaces |
| loses | ${who} | \`roles/storage.objectViewer\` | storage bucket \`acme-results\` |  |
`);
});

test("a value that cannot be evaluated is compared as written", () => {
  const name = (separator: string) =>
    stack({ google_pubsub_topic: { t: { name: `\${unheard("a${separator}b")}`, labels: { a: "1" } } } });
  const same = compared(name("-"), name("-"));
  // What is written may be the same, and mean something else.
  expect(same.verdict).toBe("🟠 **Partial**: no changes; parts that were not understood may contain more.");
  expect(same.rest).toBe(
    "> `shop google_pubsub_topic.t name` was compared as written: the function unheard is not understood.\n",
  );
  const { rest } = compared(name("-"), name("_"));
  expect(rest).toContain('  - Forced by `name`: `${unheard("a-b")}` → `${unheard("a_b")}`.\n');
});

test("parts that are not understood are named", () => {
  const counted = stack({ google_pubsub_topic: { t: { count: 2, name: "t" } } });
  expect(compared(counted, counted).rest).toBe(
    "> `shop google_pubsub_topic.t count` was not compared: count is not understood.\n",
  );
});

describe("all forms of Terraform JSON are read", () => {
  const plain = (role: string) =>
    stack({
      google_service_account: { worker: { account_id: "worker" } },
      google_project_iam_member: {
        m: { project: "acme-ml", role, member: "${google_service_account.worker.member}" },
      },
    });
  const listed = (role: string) => {
    const { resource } = plain(role);
    return [
      { provider: [{ google: { project: "acme-ml" } }] },
      { resource: [{ google_service_account: [resource.google_service_account] }] },
      { resource: { google_project_iam_member: [{ m: [resource.google_project_iam_member.m] }] } },
    ];
  };

  test("lists and objects are compared as one", () => {
    expect(compared(plain("roles/viewer"), listed("roles/viewer")).verdict).toBe("🟢 **Safe**: no changes.");
    const { verdict, rest } = compared(listed("roles/viewer"), listed("roles/owner"));
    expect(verdict).toBe("🟡 **Needs attention**: 2 grants gained or lost (1 wider).");
    expect(rest).toContain("| ⚠️ gains | `serviceAccount:worker@acme-ml.iam.gserviceaccount.com` | `roles/owner` |");
  });

  test("moved blocks in lists of lists move", () => {
    const moved = [[{ from: "google_cloud_tasks_queue.old", to: "google_cloud_tasks_queue.new" }]];
    expect(compared(queue("old", "shop/old"), { ...queue("new", "shop/new"), moved }).verdict).toBe(
      "🟢 **Safe**: 1 moved.",
    );
  });

  test.each(["module", "import", "removed", "check", "ephemeral", "action", "never_heard_of"])(
    "%s is named, and never safe",
    (name) => {
      const json = { ...queue("q", "shop/q"), [name]: { x: { source: "./x" } } };
      expect(compared(json, json)).toEqual({
        verdict: "🟠 **Partial**: no changes; parts that were not understood may contain more.",
        rest: `> \`shop ${name}\` was not compared: ${name} is not understood.\n`,
      });
    },
  );

  test("parts of base that are not understood are named too", () => {
    const { verdict } = compared({ ...queue("q", "shop/q"), module: { x: {} } }, queue("q", "shop/q"));
    expect(verdict).toMatch(/Partial/);
  });

  test("another project of the provider moves all resources without their own", () => {
    const other = { ...queue("q", "shop/q"), provider: { google: { project: "acme-prod", region: "us-central1" } } };
    const { verdict, rest } = compared(queue("q", "shop/q"), other);
    expect(verdict).toBe("🟡 **Needs attention**: no changes.");
    expect(rest).toContain("> The project of the provider of `shop` changes from `acme-ml` to `acme-prod`: ");
  });
});

test("sensitive values of synthesized JSON are hidden", () => {
  const json = (key: string) =>
    stack(
      {
        google_cloudfunctions2_function: {
          f: {
            name: "f",
            location: "l",
            service_config: { environment_variables: { KEY: "${var.key}", DSN: `x:${key}@h` } },
          },
        },
        google_cloud_scheduler_job: { j: { name: "j", http_target: { headers: { Authorization: `Bearer ${key}` } } } },
      },
      {
        variable: { key: { sensitive: true, default: key } },
        output: { key: { value: "${var.key}", sensitive: true } },
      },
    );
  const { rest } = compared(json("hunter-22"), json("hunter-23"));
  expect(rest).not.toMatch(/hunter/);
  expect(rest).toContain("  - `service_config.environment_variables.DSN`: changed (sensitive)\n");
  expect(rest).toContain("- `output.key`\n  - `value`: changed (sensitive)\n");
});

test("a label of a batch job of Dataflow replaces it", () => {
  const job = (labels: Json) =>
    stack({ google_dataflow_job: { j: { name: "j", template_gcs_path: "gs://t", labels } } });
  const { verdict, rest } = compared(job({}), job({ team: "ml" }));
  expect(verdict).toBe("🟡 **Needs attention**: 1 replaced.");
  expect(rest).toContain("A batch job cannot be changed in place, not even its labels");
});

test("a removed stack is not destroyed, and a new stack is created", () => {
  const inputs = {
    plans: [],
    base: synthesized("base", { old: queue("q", "old/q"), same: {} }),
    head: synthesized("head", { new: queue("q", "new/q"), same: {} }),
  };
  expect(comment(review(readInputs(inputs).readings))).toBe(
    `${HEAD.replace("VERDICT", "🟡 **Needs attention**: 1 created in 3 stacks.")}> The stack \`old\` is no longer synthesized. What it deployed (1 resource) stays and is no longer managed. Destroy it first, while the stack still exists.

<details>
<summary>1 created</summary>

- \`google_cloud_tasks_queue.q\` (new)

</details>
`,
  );
});

test("the folder of one stack will do", () => {
  const base = join(synthesized("base", { shop: queue("q", "shop/q") }), "stacks", "shop");
  const head = join(synthesized("head", { shop: stack({}) }), "stacks", "shop");
  const { readings } = readInputs({ plans: [], base, head });
  expect(readings.map(({ stack: name, changes }) => [name, changes.map(({ action }) => action)])).toEqual([
    ["shop", ["delete"]],
  ]);
});
