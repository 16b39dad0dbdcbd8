import { StackIndex, type StackResource } from "@cdktf-serverless-ml/terraform-json";
import type { Hop } from "../../../emulator/src/core/emulator";
import { FaultLog } from "../../src/shared/fault-log";

export const PROJECT = "p";
export const WORKER_URL = "https://worker-abc-uc.a.run.app/";
export const WORKER = "worker@p.iam.gserviceaccount.com";
export const OTHER = "other@p.iam.gserviceaccount.com";
export const FLOW = "flow@p.iam.gserviceaccount.com";
export const LETTERS = "projects/p/topics/letters";
export const SUBSCRIPTION = "projects/p/subscriptions/s";

/**
 * A worker with a dead letter topic, another function, a workflow, and a subscription that forwards
 * after five deliveries.
 */
export function index(): StackIndex {
  const functionOf = (name: string, uri: string, email: string, topic?: string) => ({
    type: "google_cloudfunctions2_function",
    attributes: {
      name,
      service_config: {
        uri,
        service_account_email: email,
        environment_variables: topic === undefined ? {} : { DEAD_LETTER_TOPIC: topic, MAX_ATTEMPTS: "7" },
      },
    },
  });
  const resources = [
    functionOf("worker", WORKER_URL, WORKER, LETTERS),
    functionOf("other", "https://other-abc-uc.a.run.app", OTHER),
    { type: "google_workflows_workflow", attributes: { service_account: `projects/p/serviceAccounts/${FLOW}` } },
    {
      type: "google_pubsub_subscription",
      attributes: { name: "s", dead_letter_policy: { dead_letter_topic: LETTERS, max_delivery_attempts: 5 } },
    },
  ];
  return StackIndex.of({
    resources: resources.map((resource, at) => ({ address: `${at}`, ...resource }) as unknown as StackResource),
    defaults: { project: PROJECT, region: "us-central1" },
  });
}

export function faultLog(): { faultLog: FaultLog; hops: Hop[] } {
  const hops: Hop[] = [];
  return { faultLog: new FaultLog({ hop: (hop) => hops.push(hop) }), hops };
}

/** The first seed for which something holds. */
export function seedFor(holds: (seed: number) => boolean): number {
  for (let seed = 0; seed < 100_000; seed++) if (holds(seed)) return seed;
  throw new Error("no seed does");
}
