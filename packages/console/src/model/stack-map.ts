import { arrowPaths, boxPath, layOut, wiring } from "@cdktf-serverless-ml/review/diagram";
import { type Stack, StackIndex } from "@cdktf-serverless-ml/terraform-json";
import type { StackMap } from "../api-types";

/** The drawing of a stack, and which box and arrow something belongs to. */
export class Wires {
  private readonly boxOf = new Map<string, string>();
  private readonly index: StackIndex;

  private constructor(
    private readonly stack: Stack,
    readonly map: StackMap,
  ) {
    this.index = StackIndex.of(stack);
    for (const { id, addresses } of map.boxes) {
      for (const address of addresses) if (!this.boxOf.has(address)) this.boxOf.set(address, id);
    }
  }

  static async of(stack: Stack): Promise<Wires> {
    const { width, height, boxes, arrows } = await layOut(wiring(stack));
    const map: StackMap = {
      width,
      height,
      boxes: boxes.map((placed) => {
        const { box, name, details, middle, width: wide, height: high } = placed;
        const { key: id, kind, addresses } = box;
        return { id, kind, name, details, addresses, middle, width: wide, height: high, outline: boxPath(placed) };
      }),
      arrows: arrows.map((placed, index) => {
        const { arrow, from, to, label, labelMiddle } = placed;
        const ends = { from: from.box.key, to: to.box.key };
        return { id: `arrow ${index}`, ...ends, delivered: arrow.delivered, ...arrowPaths(placed), label, labelMiddle };
      }),
    };
    return new Wires(stack, map);
  }

  /** The box of a resource. */
  at(address: string | undefined): string | undefined {
    return address === undefined ? undefined : this.boxOf.get(address);
  }

  /** The box of a resource by what it is called: `queue Q`, `bucket B`. */
  named(what: string): string | undefined {
    return this.at(this.addressOf(what));
  }

  /** The Terraform address of a resource by what it is called. */
  addressOf(what: string): string | undefined {
    const [, kind = "", name = ""] = /^(\w+) (.+)$/.exec(what) ?? [];
    if (kind === "worker") return this.index.workers().find((worker) => worker.name === name)?.resource.address;
    const type = TYPES[kind];
    return type === undefined ? undefined : this.index.first(type, (a) => a.name === name)?.address;
  }

  /** The box that calls as a service account. */
  caller(email: string): string | undefined {
    if (email === "") return undefined;
    const boxes = this.index.runningAs(email).map((address) => this.at(address));
    const found = boxes.find((box) => box !== undefined);
    const isClient = this.stack.outputs.client === `serviceAccount:${email}`;
    const client = this.map.boxes.find(({ kind }) => kind === "client")?.id;
    return found ?? this.at(this.index.serviceAccount(email)?.address) ?? (isClient ? client : undefined);
  }

  /** The box of the API's resource that a call is for. */
  target(method: string, path: string): string | undefined {
    const decoded = decode(path);
    for (const [pattern, kind] of RESOURCES) {
      const name = pattern.exec(decoded)?.[1];
      const box = name === undefined ? undefined : this.named(`${kind} ${name}`);
      if (box !== undefined) return box;
    }
    const kind = /\.aiplatform\./.test(method) ? "vertex" : undefined;
    return this.map.boxes.find((box) => box.kind === kind)?.id;
  }

  /** The topic that a subscription belongs to. */
  topicOf(subscription: string): string | undefined {
    const found = this.index.first("google_pubsub_subscription", ({ name }) => name === subscription);
    return this.at(this.index.topic(found?.attributes.topic)?.address);
  }

  arrow(from: string | undefined, to: string | undefined): string | undefined {
    return this.map.arrows.find((arrow) => arrow.from === from && arrow.to === to)?.id;
  }

  /** Whether what is published at a path of Pub/Sub goes to a dead letter. */
  isDeadLetterTopic(topic: string): boolean {
    return this.index.deadLetterTopics().has(topic);
  }
}

const TYPES: Readonly<Record<string, string>> = {
  queue: "google_cloud_tasks_queue",
  topic: "google_pubsub_topic",
  subscription: "google_pubsub_subscription",
  bucket: "google_storage_bucket",
  schedule: "google_cloud_scheduler_job",
  workflow: "google_workflows_workflow",
  runjob: "google_cloud_run_v2_job",
};

/** Paths of APIs, and over gRPC none: there the message names the resource. */
const RESOURCES: readonly (readonly [RegExp, string])[] = [
  [/\/queues\/([^/?:]+)/, "queue"],
  [/\/topics\/([^/?:]+)/, "topic"],
  [/\/subscriptions\/([^/?:]+)/, "subscription"],
  [/\/b\/([^/?]+)/, "bucket"],
  [/\/workflows\/([^/?:]+)/, "workflow"],
  [/^\/v2\/.*\/jobs\/([^/?:]+)/, "runjob"],
];

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
