import { App } from "cdktf";
import { helloSource, synthesized } from "../../../../__tests__/lib/support";
import { EventWorkflow, GoogleStack, PredictionEndpoint, PubSubFanout } from "../../../../lib";
import type { ManualClock } from "../../src/core/clock";
import type { EvaluatedResource } from "../../src/core/emulator";
import { Log } from "../../src/core/log";
import { settingsOf } from "../../src/functions/settings";
import { pubSub } from "../../src/pubsub";
import { InstancePool, type PoolInstance } from "../../src/run/instance-pool";
import { FakeContext, rest } from "../support/fake-context";

// A burst that many subscriptions push to one function at once, with the numbers of the synthesized
// stacks. Cloud Run answers 429 to whoever finds no instance free for 10 seconds
// (https://docs.cloud.google.com/run/docs/about-instance-autoscaling), and every answer that is no
// success counts as a delivery (`DeadLetterPolicy.max_delivery_attempts` in pubsub.proto). Nobody
// fails here.

const SUBSCRIPTIONS = 300;
const MESSAGES = 1_200;
/** Of one message: a prediction that takes its time. */
const SERVICE = 20_000;
const API = "https://pubsub.googleapis.com/v1";

/** An instance that works on each request for so long of the clock's time. */
class Working implements PoolInstance {
  load = 0;
  isReady = false;
  readonly ended = new Promise<void>(() => {});

  constructor(private readonly clock: ManualClock) {}

  async ready(): Promise<void> {
    this.isReady = true;
  }

  send() {
    return new Promise<Awaited<ReturnType<PoolInstance["send"]>>>((resolve) => {
      const reply = { status: 204, headers: {}, body: Buffer.alloc(0) };
      this.clock.at(this.clock.now() + SERVICE, () => resolve(reply));
    });
  }

  async mayHaveEnded(): Promise<void> {}
  kill(): void {}
  async stop(): Promise<void> {}
}

/** `Working` runs no program. */
const neverCalled = () => Promise.reject(new Error("no program runs here"));

type Attributes = Record<string, never>;

/** What the stack has of a kind, in Terraform's spelling. */
function resources(stack: GoogleStack, type: string): Attributes[] {
  const all = (synthesized(stack).resource as Record<string, Record<string, Attributes>>)[type] ?? {};
  return Object.values(all);
}

/**
 * Pushes the burst to a function.
 *
 * @returns what became of the messages, and the most deliveries that one took
 */
async function burst(pushed: object, service: object) {
  const around = new FakeContext();
  const { clock } = around;
  const settings = settingsOf(
    {
      address: "google_cloudfunctions2_function.f",
      type: "google_cloudfunctions2_function",
      attributes: { name: "f", build_config: {}, service_config: service },
    },
    { project: "p", projectNumber: "123", region: "us-central1" },
  );
  const pool = new InstancePool({
    settings,
    instance: { log: new Log(), program: neverCalled },
    clock,
    maxProcesses: settings.maxInstances,
    create: () => new Working(clock),
  });
  around.answer = async ({ body }) => (await pool.handle({ method: "POST", path: "/", headers: {}, body })).status;

  const topic = (name: string): EvaluatedResource => ({
    address: `google_pubsub_topic.${name}`,
    type: "google_pubsub_topic",
    attributes: { name, project: "p" },
  });
  const subscriptions = Array.from({ length: SUBSCRIPTIONS }, (_, index) => ({
    address: `google_pubsub_subscription.s${index}`,
    type: "google_pubsub_subscription",
    attributes: {
      project: "p",
      ...pushed,
      name: `sub-${index}`,
      topic: "projects/p/topics/work",
      filter: `attributes.n = "${index}"`,
      push_config: { push_endpoint: "https://f.run.app" },
    },
  }));
  const pubsub = pubSub.create(around, [topic("work"), topic("dead"), ...subscriptions]);
  const messages = Array.from({ length: MESSAGES }, (_, index) => ({
    data: "eA==",
    attributes: { n: String(index % SUBSCRIPTIONS) },
  }));
  for (let from = 0; from < MESSAGES; from += 600) {
    await rest(pubsub, "POST", `${API}/projects/p/topics/work:publish`, {
      body: { messages: messages.slice(from, from + 600) },
    });
  }
  for (let hours = 0; hours < 24 && pubsub.pending() > 0; hours++) await clock.advance(3_600_000);
  const count = (status: string) => around.hops.filter((hop) => hop.status === status).length;
  return {
    done: count("204"),
    refused: count("429"),
    deadLettered: count("DEAD_LETTERED"),
    most: Math.max(...around.hops.map(({ attempt = 0 }) => attempt)),
  };
}

const app = new App({ stackTraces: false });
const stack = new GoogleStack(app, "stack", { project: "acme-ml", region: "us-central1" });
const endpoint = new PredictionEndpoint(stack, "endpoint", "42");
new PubSubFanout(stack, "fanout", { subscribers: { text: { source: helloSource, endpoint } } });
new EventWorkflow(stack, "workflow", { endpoint });
const named = (type: string, part: string) => {
  const found = resources(stack, type).find(({ name }: { name?: string }) => name === part);
  if (!found)
    throw new Error(
      `no ${type} is named ${part}; there are ${resources(stack, type)
        .map(({ name }) => name)
        .join(", ")}`,
    );
  return found as {
    service_config?: object;
    retry_policy?: object;
    ack_deadline_seconds?: number;
    dead_letter_policy?: { max_delivery_attempts: number };
  };
};

const FANOUT = "stack-fanout-text-worker-dev";

test.each([
  ["a fan-out", FANOUT, "stack-fanout-text-dev"],
  ["the starter of a workflow", "stack-workflow-start-workflow-dev", "stack-workflow-start-workflow-dev"],
])("no healthy message of a burst that is pushed to %s is dead-lettered", async (_name, worker, subscription) => {
  const { service_config } = named("google_cloudfunctions2_function", worker);
  const { retry_policy, ack_deadline_seconds, dead_letter_policy } = named("google_pubsub_subscription", subscription);
  const pushed = {
    retry_policy,
    ack_deadline_seconds,
    dead_letter_policy: { ...dead_letter_policy, dead_letter_topic: "projects/p/topics/dead" },
  };
  const outcome = await burst(pushed, service_config ?? {});
  expect(outcome).toMatchObject({ done: MESSAGES, deadLettered: 0 });
  expect(outcome.refused).toBeGreaterThan(0);

  // The same burst with five attempts and ten instances, Google's default and our former one.
  const former = await burst(
    { ...pushed, dead_letter_policy: { ...pushed.dead_letter_policy, max_delivery_attempts: 5 } },
    { ...service_config, max_instance_count: 10 },
  );
  expect(former.deadLettered).toBeGreaterThan(0);
});
