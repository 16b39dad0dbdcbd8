import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { synthesized } from "../../../__tests__/support/synthesized";
import {
  ROOT,
  removeFolders,
  run,
  STACK_NAMES as STACKS,
  temporaryFolder,
} from "../../../__tests__/synth/project-copy";
import { evaluateStack, readStack, type Stack } from "../../terraform-json/src";
import { mermaid, overview, svg, wiring } from "../src/diagram";

// biome-ignore lint/suspicious/noExplicitAny: Terraform JSON has no type here.
type Json = any;

const stacks = synthesized();
afterAll(() => {
  stacks.remove();
  removeFolders();
});

const folderOf = (stack: string) => stacks.stack(stack);
const jsonOf = (stack: string): Json => JSON.parse(readFileSync(join(folderOf(stack), "cdk.tf.json"), "utf8"));
const evaluated = (stack: string, json: Json): Stack => evaluateStack(json, { name: stack, folder: folderOf(stack) });

/** A stack after a change of its JSON. */
function changed(stack: string, change: (resources: Json) => void): Stack {
  const json = jsonOf(stack);
  change(json.resource);
  return evaluated(stack, json);
}

/** The arrows as `from -> to: labels`, without the addresses. */
function arrowsOf(stack: Stack): string[] {
  const { boxes, arrows } = wiring(stack);
  const names = new Map(boxes.map(({ key, label: [name] }) => [key, name]));
  return arrows.map(
    ({ from, to, labels, delivered }) =>
      `${names.get(from)} ${delivered ? "..>" : "->"} ${names.get(to)}: ${labels.join(", ")}`,
  );
}

function only(resources: Json, type: string, part: string): Json {
  const ids = Object.keys(resources[type]).filter((id) => id.includes(part));
  expect(ids).toHaveLength(1);
  return resources[type][ids[0] as string];
}

describe("docs (npm run diagram draws them again)", () => {
  const drawing = (file: string) => readFileSync(join(ROOT, "docs", "diagrams", file), "utf8");
  const read = (stack: string) => readStack(folderOf(stack));

  test.each(STACKS)("%s is drawn as its JSON is, and its page shows it", async (stack) => {
    expect(drawing(`${stack}.mmd`)).toBe(mermaid(read(stack)));
    expect(drawing(`${stack}.svg`)).toBe(await svg(read(stack)));
    const page = readFileSync(join(ROOT, "docs", `${stack}.md`), "utf8");
    expect(page).toContain(`](diagrams/${stack}.svg)`);
  });

  test("the overview is drawn from their JSON, and the README shows it", async () => {
    expect(drawing("overview.svg")).toBe(await overview(STACKS.map(read)));
    expect(readFileSync(join(ROOT, "README.md"), "utf8")).toContain("](docs/diagrams/overview.svg)");
  });

  test("there is a drawing of every stack and no other, and none is large", () => {
    expect(readdirSync(stacks.stack("")).sort()).toEqual(STACKS);
    const files = readdirSync(join(ROOT, "docs", "diagrams"));
    expect(files.sort()).toEqual(
      [...STACKS.flatMap((stack) => [`${stack}.mmd`, `${stack}.svg`]), "overview.svg"].sort(),
    );
    for (const file of files) expect(drawing(file).length).toBeLessThan(60_000);
  });

  test("the command says what is missing", () => {
    const folder = temporaryFolder("nothing synthesized");
    const cli = join(ROOT, "packages", "review", "src", "diagram", "cli.ts");
    expect(() => run("node", [join(ROOT, "scripts", "ts.mjs"), cli], folder)).toThrow(
      expect.objectContaining({
        status: 1,
        stderr:
          "diagram: cdktf.out has no synthesized stacks: neither stacks/<name>/cdk.tf.json nor cdk.tf.json; run npm run synth first, or give a folder\n",
      }),
    );
    expect(() => run("node", [join(ROOT, "scripts", "ts.mjs"), cli, "async-batch"], folder)).toThrow(
      expect.objectContaining({
        status: 1,
        stderr: "diagram: async-batch has no synthesized stacks: neither stacks/<name>/cdk.tf.json nor cdk.tf.json\n",
      }),
    );
    expect(existsSync(join(folder, "docs"))).toBe(false);
  });
});

describe("wiring", () => {
  test("a queue without a target posts as the accounts that its enqueuers may act as", () => {
    expect(arrowsOf(readStack(folderOf("task-pipeline")))).toEqual(
      expect.arrayContaining([
        "schedule -> queue: creates a task as caller",
        "queue -> train: POST as dispatcher",
        "train -> queue: enqueues",
        "client -> start: calls",
      ]),
    );
  });

  test("notification, push, dead letter, workflow and predictions", () => {
    expect(arrowsOf(readStack(folderOf("event-workflow")))).toEqual(
      expect.arrayContaining([
        "uploads bucket ..> data-uploaded-topic: OBJECT_FINALIZE",
        "data-uploaded-topic ..> start-workflow subscription: ",
        "start-workflow subscription -> start-workflow: push as caller",
        "start-workflow subscription ..> dead-letter topic: after 20 deliveries",
        "start-workflow -> dead-letter topic: gives up",
        "start-workflow -> ml-prediction-workflow: executes",
        "ml-prediction-workflow -> Vertex AI: :predict",
      ]),
    );
  });

  test("who takes messages from a dead letter is drawn", () => {
    expect(arrowsOf(readStack(folderOf("async-batch")))).toEqual(
      expect.arrayContaining(["dead-letter topic -> redrive: pulled by", "redrive -> queue: enqueues"]),
    );
  });

  test("a launched job reads and writes as its workers", () => {
    expect(arrowsOf(readStack(folderOf("scheduled-preprocessing")))).toEqual(
      expect.arrayContaining([
        "launcher -> Dataflow job: launches as workers",
        "Dataflow job -> output bucket: reads, writes",
      ]),
    );
  });

  test("every function of every stack is called, and functions with a dead letter hand over to one that is kept", () => {
    const handNothingOver = ["submitter", "audit-worker", "redrive"];
    for (const stack of STACKS) {
      const { boxes, arrows } = wiring(readStack(folderOf(stack)));
      const functions = boxes.filter(({ kind }) => kind === "function");
      const dead = boxes.filter(({ kind }) => kind === "dead-letter");
      expect(functions.length).toBeGreaterThan(0);
      for (const { key, label } of functions) {
        expect(arrows.filter(({ to }) => to === key).map(() => label)).not.toEqual([]);
        const givesUp = arrows.some(({ from, to }) => from === key && dead.some((box) => box.key === to));
        expect([label, givesUp]).toEqual([label, !handNothingOver.includes(label[0] as string)]);
      }
      for (const { label } of dead) expect(label[1]).toBe("kept 31 days");
    }
  });

  test("a wider role and an outside member are drawn by their names", () => {
    const stack = changed("async-batch", (resources) => {
      only(resources, "google_cloud_run_v2_service_iam_member", "submitter_invoker").member = "allUsers";
      only(resources, "google_storage_bucket_iam_member", "input_objectViewer-batch-worker").role =
        "roles/storage.admin";
      resources.google_project_iam_member.wide = {
        member: "${google_service_account.batch_worker_identity_080EE957.member}",
        project: "my-gcp-project",
        role: "roles/editor",
      };
      resources.google_service_account_iam_member.impersonation = {
        member: "user:ann@example.com",
        role: "roles/iam.serviceAccountTokenCreator",
        service_account_id: "${google_service_account.batch_worker_identity_080EE957.name}",
      };
    });
    expect(arrowsOf(stack)).toEqual(
      expect.arrayContaining([
        "allUsers -> submitter: calls",
        "worker -> input bucket: storage.admin",
        "worker -> the whole project: editor",
        "ann@example.com -> worker: iam.serviceAccountTokenCreator",
      ]),
    );
  });

  test("a dead letter without a subscription is labelled as not kept", () => {
    const stack = changed("async-batch", (resources) => {
      resources.google_pubsub_subscription = {};
    });
    expect(mermaid(stack)).toContain('>"dead-letter topic<br/>not kept"]');
  });
});

describe("changes", () => {
  const deployed = () => readStack(folderOf("pubsub-fanout"));

  test("nothing is marked when nothing changes", () => {
    expect(mermaid(deployed(), { before: deployed() })).toBe(mermaid(deployed()));
  });

  test("new, changed and removed things carry a sign and a thick edge", () => {
    const after = changed("pubsub-fanout", (resources) => {
      only(resources, "google_pubsub_subscription", "topic_image_B").filter = 'attributes.modality = "picture"';
      delete resources.google_project_iam_member["project-grants_predictor-fanout-text-worker-identity_00A939B0"];
      resources.google_storage_bucket.archive = { name: "my-gcp-project-pubsub-fanout-archive-dev" };
      resources.google_storage_bucket_iam_member.archive = {
        bucket: "${google_storage_bucket.archive.name}",
        member: "${google_service_account.fanout_audit_worker_identity_3BA5155A.member}",
        role: "roles/storage.objectCreator",
      };
    });
    const lines = mermaid(after, { before: deployed() }).split("\n");
    const signed = lines.filter((line) => /"[+~-] /.test(line)).map((line) => line.trim());
    expect(signed).toEqual([
      'subscription_image_subscription("~ image subscription<br/>modality = picture")',
      'bucket_archive_bucket[("+ archive bucket")]',
      'function_audit_worker -- "+ writes" --> bucket_archive_bucket',
      'function_text_worker -- "- :predict" --> vertex_Vertex_AI',
    ]);
    const arrows = lines.filter((line) => line.includes("->"));
    const numberOf = (part: string) => arrows.findIndex((line) => line.includes(part));
    expect(lines).toEqual(
      expect.arrayContaining([
        "  style bucket_archive_bucket stroke:#1a7f37,stroke-width:4px",
        "  style subscription_image_subscription stroke:#bf8700,stroke-width:4px",
        `  linkStyle ${numberOf("+ writes")} stroke:#1a7f37,stroke-width:4px`,
        `  linkStyle ${numberOf("- :predict")} stroke:#cf222e,stroke-width:4px,stroke-dasharray:6 4`,
      ]),
    );
  });

  test("the caller can say what changes", () => {
    const chart = mermaid(deployed(), {
      before: deployed(),
      changed: new Set(["google_pubsub_topic_iam_member.fanout_topic_publisher-fanout-client_335773D2"]),
    });
    expect(chart.split("\n").filter((line) => /"[+~-] /.test(line))).toEqual([
      '  client_client -- "~ publishes" --> topic_ai_workloads_topic',
    ]);
  });
});

describe("charts", () => {
  const topics = (count: number): Stack =>
    evaluateStack(
      {
        resource: {
          google_storage_bucket: { b: { name: "b" } },
          google_pubsub_topic: Object.fromEntries(
            Array.from({ length: count }, (_, index) => [`t${index}`, { name: `t${index}` }]),
          ),
          google_storage_notification: Object.fromEntries(
            Array.from({ length: count }, (_, index) => [
              `n${index}`,
              { bucket: "b", topic: `\${google_pubsub_topic.t${index}.id}` },
            ]),
          ),
        },
      },
      { name: "many", folder: ROOT },
    );

  test("are cut where Mermaid would draw nothing, without losing changes", () => {
    const chart = mermaid(topics(450), { before: topics(449) });
    expect(chart.match(/-\.->|\.->/g)).toHaveLength(400);
    expect(chart).toContain('more["50 more arrows are not drawn"]');
    expect(chart).toContain('"+ t449 topic"');
  });

  test("have a text if nothing is wired", () => {
    const empty = evaluateStack({ resource: {} }, { name: "empty", folder: ROOT });
    expect(mermaid(empty)).toBe('flowchart LR\n  nothing["nothing here calls anything"]\n');
  });

  test("take any name", () => {
    const stack = evaluateStack(
      {
        resource: {
          google_storage_bucket: { b: { name: 'x"] --> y; <b>#35;`' } },
          google_pubsub_topic: { t: { name: "end" } },
          google_storage_notification: { n: { bucket: 'x"] --> y; <b>#35;`', topic: "${google_pubsub_topic.t.id}" } },
        },
      },
      { name: "hostile", folder: ROOT },
    );
    expect(mermaid(stack).split("\n").slice(1, 4)).toEqual([
      '  bucket_x_y_b_35_bucket[("x#34;] --#62; y; #60;b#62;#35;35;#96; bucket")]',
      '  topic_end_topic>"end topic"]',
      '  bucket_x_y_b_35_bucket -. "every event" .-> topic_end_topic',
    ]);
  });
});
