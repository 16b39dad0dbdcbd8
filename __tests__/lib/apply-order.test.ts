import * as fc from "fast-check";
import { externalGrantee } from "../../lib/core/grantee";
import { DataflowTemplate } from "../../lib/parts/dataflow-template";
import { EncryptionKey } from "../../lib/parts/encryption-key";
import type { GoogleStack } from "../../lib/parts/google-stack";
import { grantOnProject } from "../../lib/parts/grants";
import { PredictionEndpoint } from "../../lib/parts/prediction-endpoint";
import { Schedule, ScheduleTarget } from "../../lib/parts/schedule";
import { Secret } from "../../lib/parts/secret";
import { ServiceIdentity } from "../../lib/parts/service-identity";
import { AsyncBatch } from "../../lib/patterns/async-batch";
import { EventWorkflow } from "../../lib/patterns/event-workflow";
import { PubSubFanout } from "../../lib/patterns/pubsub-fanout";
import { ScheduledPreprocessing } from "../../lib/patterns/scheduled-preprocessing";
import { TaskPipeline } from "../../lib/patterns/task-pipeline";
import type { Settings } from "../../lib/settings";
import { evaluateStack, type StackResource } from "../../packages/terraform-json/src";
import { cases } from "../support/deep";
import { STACKS } from "../support/stacks";
import { helloSource, synthesized, testApp, testFunction, testStack } from "./support";

/** The service agents' domains, and the API that brings each: https://cloud.google.com/iam/docs/service-agents */
const API_OF_AGENT: Readonly<Record<string, string>> = {
  "compute-system": "compute",
  "dataflow-service-producer-prod": "dataflow",
  "gcf-admin-robot": "cloudfunctions",
  "gcp-sa-artifactregistry": "artifactregistry",
  "gcp-sa-cloudtasks": "cloudtasks",
  "gcp-sa-eventarc": "eventarc",
  "gcp-sa-pubsub": "pubsub",
  "gcp-sa-workflows": "workflows",
  "gs-project-accounts": "storage",
  "serverless-robot-prod": "run",
};

const settings: Settings = {
  project: "acme-ml",
  region: "us-central1",
  environment: "dev",
  stateBucket: "acme-state",
  vertexEndpointId: "1234567890",
  notificationEmails: ["ml@acme.com"],
  labels: {},
  versionedBuckets: false,
  trainAs: "function",
  schedule: "0 3 * * *",
  timeZone: "Etc/UTC",
};

/** What the patterns may be made with, all of it at random. */
interface Variant {
  readonly encrypted: boolean;
  readonly otherKey: boolean;
  readonly ownBuilder: boolean;
  readonly deadLetter: boolean;
  readonly secret: boolean;
  readonly foreignClient: boolean;
  readonly scheduled: boolean;
}

const variants = fc.record<Variant>({
  encrypted: fc.boolean(),
  otherKey: fc.boolean(),
  ownBuilder: fc.boolean(),
  deadLetter: fc.boolean(),
  secret: fc.boolean(),
  foreignClient: fc.boolean(),
  scheduled: fc.boolean(),
});

const key = (stack: GoogleStack, name: string) =>
  new EncryptionKey(stack, `key-${name}`, `projects/acme-ml/locations/us-central1/keyRings/ml/cryptoKeys/${name}`);

/** A stack with all five patterns, and parts that no pattern combines so. */
function allPatterns(variant: Variant): GoogleStack {
  const stack = testStack({ notificationEmails: ["ml@acme.com"] });
  const endpoint = new PredictionEndpoint(stack, "endpoint", "42");
  const builder = variant.ownBuilder ? new ServiceIdentity(stack, "builder", { description: "Builds" }) : undefined;
  grantOnProject(stack, "roles/dataflow.viewer", externalGrantee("group:data@acme.com"));
  const worker = {
    buildIdentity: builder,
    secrets: variant.secret ? { API_KEY: new Secret(stack, "api-key", "model-api-key") } : undefined,
  };
  const common = {
    encryptionKey: variant.encrypted ? key(stack, "data") : undefined,
    client: variant.foreignClient ? externalGrantee("group:ml@acme.com") : undefined,
  };
  const { deadLetter } = variant;
  new AsyncBatch(stack, "batch", { endpoint, worker, submitter: worker, deadLetter, ...common });
  new TaskPipeline(stack, "pipeline", {
    steps: { one: { source: helloSource, ...worker }, two: { source: helloSource, after: ["one"] } },
    starter: worker,
    deadLetter,
    schedule: variant.scheduled ? { cron: "0 3 * * *", parameters: () => ({}) } : undefined,
    ...common,
  });
  new EventWorkflow(stack, "events", { endpoint, starter: worker, ...common });
  new PubSubFanout(stack, "fanout", {
    subscribers: { all: { source: helloSource, ...worker, subscription: { grantTokenCreator: true } } },
    pullSubscribers: { mine: {} },
    ...common,
  });
  new ScheduledPreprocessing(stack, "words", {
    template: DataflowTemplate.classic("gs://dataflow-templates/latest/Word_Count"),
    parameters: (output) => ({ output: `${output}/counts` }),
    schedule: { cron: "0 3 * * *" },
    deployTimeJob: variant.scheduled,
    launcher: worker,
    encryptionKey: common.encryptionKey,
  });
  const called = testFunction(stack, "called", {
    ...worker,
    encryptionKey: variant.otherKey ? key(stack, "more") : undefined,
  });
  new Schedule(stack, "calls", { cron: "0 3 * * *", target: ScheduleTarget.invoke(called) });
  return stack;
}

/** The graph of a stack, as Terraform reads it from the JSON. */
class Graph {
  readonly resources: readonly StackResource[];
  private readonly byAddress: ReadonlyMap<string, StackResource>;
  private readonly ancestors = new Map<string, ReadonlySet<string>>();

  constructor(stack: GoogleStack) {
    const read = evaluateStack(synthesized(stack) as never, { name: stack.node.id, folder: "/none" });
    this.resources = [...read.resources, ...read.data];
    this.byAddress = new Map(this.resources.map((resource) => [resource.address, resource]));
  }

  of(type: RegExp): StackResource[] {
    return this.resources.filter((resource) => type.test(resource.type));
  }

  /** Everything that Terraform makes before a resource. */
  before(address: string): ReadonlySet<string> {
    const known = this.ancestors.get(address);
    if (known) return known;
    const found = new Set<string>();
    this.ancestors.set(address, found);
    for (const next of this.byAddress.get(address)?.dependsOn ?? []) {
      found.add(next);
      for (const further of this.before(next)) found.add(further);
    }
    return found;
  }

  /** Resources of a type that come before another. */
  typesBefore(address: string, type: string): StackResource[] {
    return [...this.before(address)]
      .map((each) => this.byAddress.get(each) as StackResource)
      .filter((resource) => resource?.type === type);
  }

  apisBefore(address: string): string[] {
    return this.typesBefore(address, "google_project_service").map(({ attributes }) =>
      String(attributes.service).replace(".googleapis.com", ""),
    );
  }

  /** The pause after the APIs. */
  get pause(): string {
    const [pause] = this.of(/^time_sleep$/).filter(({ address }) => address.includes("take-effect"));
    return pause?.address ?? "there is no pause";
  }

  /** Addresses for which a rule does not hold. */
  breaking(type: RegExp, holds: (resource: StackResource) => boolean): string[] {
    return this.of(type)
      .filter((resource) => !holds(resource))
      .map(({ address }) => address);
  }
}

const GRANT = /_iam_member$/;
const agentOf = ({ attributes }: StackResource) =>
  /@([a-z-]+)\.iam\.gserviceaccount\.com$/.exec(String(attributes.member))?.[1] ?? "";
const isAgentGrant = (resource: StackResource) => /^serviceAccount:service-\d/.test(String(resource.attributes.member));
const emailOf = (member: unknown) => String(member).replace(/^serviceAccount:/, "");

/** Rules of the order in which an apply makes things. Each names the resources that break it. */
const RULES: Readonly<Record<string, (graph: Graph) => string[]>> = {
  "every grant to a service agent waits for its API and the pause": (graph) =>
    graph.breaking(
      GRANT,
      (grant) =>
        !isAgentGrant(grant) ||
        (graph.before(grant.address).has(graph.pause) &&
          graph.apisBefore(grant.address).includes(API_OF_AGENT[agentOf(grant)] ?? "unknown agent")),
    ),
  "every grant to the agent of Cloud Tasks comes after a queue": (graph) =>
    graph.breaking(
      GRANT,
      (grant) =>
        agentOf(grant) !== "gcp-sa-cloudtasks" ||
        graph.typesBefore(grant.address, "google_cloud_tasks_queue").length > 0,
    ),
  "one pause comes after every API": (graph) =>
    graph.breaking(/^google_project_service$/, ({ address }) => graph.before(graph.pause).has(address)),
  "every API comes after the one with which the provider reads the project": (graph) =>
    graph.breaking(
      /^google_project_service$/,
      ({ address, attributes }) =>
        attributes.service === "cloudresourcemanager.googleapis.com" ||
        graph.apisBefore(address).includes("cloudresourcemanager"),
    ),
  // Google makes these with its agents, right when they are created.
  "every function, workflow and job waits for its API and the pause": (graph) =>
    graph.breaking(
      /^google_(cloudfunctions2_function|workflows_workflow|dataflow_job)$/,
      ({ address, type }) =>
        graph.before(address).has(graph.pause) &&
        graph.apisBefore(address).includes(type.split("_")[1]?.replace("functions2", "functions") ?? ""),
    ),
  "every custom role and service account waits for iam and the pause": (graph) =>
    graph.breaking(
      /^google_(project_iam_custom_role|service_account)$/,
      ({ address }) => graph.before(address).has(graph.pause) && graph.apisBefore(address).includes("iam"),
    ),
  "every grant on the project, and its number, waits for cloudresourcemanager": (graph) =>
    graph.breaking(/^google_project(_iam_member)?$/, ({ address }) =>
      graph.apisBefore(address).includes("cloudresourcemanager"),
    ),
  // Else Terraform would read them in the apply whenever an API is added, and make what carries
  // their values anew.
  "no data source waits for the pause": (graph) =>
    graph.resources
      .filter(({ address }) => address.startsWith("data.") && graph.before(address).has(graph.pause))
      .map(({ address }) => address),
  // https://cloud.google.com/functions/docs/securing/cmek, "Grant service accounts access to the key"
  "every function with a key waits for the grants on it to all five agents": (graph) =>
    graph.breaking(/^google_cloudfunctions2_function$/, ({ address, attributes }) => {
      if (attributes.kms_key_name === undefined) return true;
      const allowed = graph
        .typesBefore(address, "google_kms_crypto_key_iam_member")
        .filter((grant) => grant.attributes.crypto_key_id === attributes.kms_key_name)
        .map(agentOf);
      const five = ["gcf-admin-robot", "serverless-robot-prod", "gcp-sa-artifactregistry", "gcp-sa-eventarc"];
      return [...five, "gs-project-accounts"].every((agent) => allowed.includes(agent));
    }),
  "everything with a key waits for a grant on it": (graph) =>
    graph.breaking(/./, ({ address, attributes }) => {
      const name = attributes.kms_key_name ?? attributes.crypto_key_name ?? attributes.encryption?.default_kms_key_name;
      const grants = graph.typesBefore(address, "google_kms_crypto_key_iam_member");
      return name === undefined || grants.some((grant) => grant.attributes.crypto_key_id === name);
    }),
  "every function waits until its builder may read its source": (graph) =>
    graph.breaking(/^google_cloudfunctions2_function$/, ({ address, attributes }) => {
      const { service_account, source } = attributes.build_config;
      const pauses = graph.typesBefore(address, "time_sleep").filter((sleep) => sleep.address !== graph.pause);
      return pauses.some((sleep) =>
        graph
          .typesBefore(sleep.address, "google_storage_bucket_iam_member")
          .some(
            (grant) =>
              grant.attributes.bucket === source.storage_source.bucket &&
              String(service_account).endsWith(emailOf(grant.attributes.member)),
          ),
      );
    }),
  // Google starts it at once, and a job that is denied something fails for good.
  "every job waits for a pause after the grants to its workers": (graph) =>
    graph.breaking(/^google_dataflow_job$/, ({ address, attributes }) => {
      const own = graph
        .of(GRANT)
        .filter((grant) => emailOf(grant.attributes.member) === attributes.service_account_email)
        .map((grant) => grant.address);
      const pauses = graph.typesBefore(address, "time_sleep");
      return own.length > 0 && own.every((grant) => pauses.some((pause) => graph.before(pause.address).has(grant)));
    }),
  "every function waits for the APIs of a build": (graph) =>
    graph.breaking(/^google_cloudfunctions2_function$/, ({ address }) =>
      ["cloudbuild", "artifactregistry", "logging"].every((api) => graph.apisBefore(address).includes(api)),
    ),
  "every notification waits for the subscriptions of its topic": (graph) =>
    graph.breaking(/^google_storage_notification$/, ({ address, attributes }) => {
      const subscriptions = graph
        .of(/^google_pubsub_subscription$/)
        .filter((one) => one.attributes.topic === attributes.topic);
      return subscriptions.every((subscription) => graph.before(address).has(subscription.address));
    }),
  "every push subscription waits for the grant to call its function": (graph) =>
    graph.breaking(/^google_pubsub_subscription$/, ({ address, attributes }) => {
      const caller = attributes.push_config?.oidc_token.service_account_email;
      const invokers = graph.typesBefore(address, "google_cloud_run_v2_service_iam_member");
      return caller === undefined || invokers.some((grant) => emailOf(grant.attributes.member) === caller);
    }),
  "every push subscription to what starts a workflow waits for the workflow": (graph) =>
    graph.breaking(/^google_pubsub_subscription$/, ({ address, attributes }) => {
      const worker = graph
        .typesBefore(address, "google_cloudfunctions2_function")
        .find(({ attributes: { service_config } }) => service_config.uri === attributes.push_config?.push_endpoint);
      const named = worker?.attributes.service_config.environment_variables?.WORKFLOW?.split("/").pop();
      const workflows = graph.typesBefore(address, "google_workflows_workflow");
      return named === undefined || workflows.some((workflow) => workflow.attributes.name === named);
    }),
  "every schedule waits for what it calls, and for the grants to call it": (graph) =>
    graph.breaking(/^google_cloud_scheduler_job$/, ({ address, attributes }) => {
      const target = attributes.http_target;
      const caller = target.oauth_token?.service_account_email ?? target.oidc_token?.service_account_email;
      const mayCall = (type: string, who: unknown) =>
        graph.typesBefore(address, type).some((grant) => emailOf(grant.attributes.member) === who);
      if (target.oidc_token) return mayCall("google_cloud_run_v2_service_iam_member", caller);
      const { httpRequest } = JSON.parse(Buffer.from(target.body, "base64").toString()).task;
      const queue = graph
        .typesBefore(address, "google_cloud_tasks_queue")
        .find(({ attributes: { name } }) => target.uri.endsWith(`/queues/${name}/tasks`));
      const token = httpRequest.oidcToken ?? queue?.attributes.http_target?.oidc_token;
      const dispatcher = token?.serviceAccountEmail ?? token?.service_account_email;
      const actsAs = graph
        .typesBefore(address, "google_service_account_iam_member")
        .filter(({ attributes: grant }) => String(grant.service_account_id).endsWith(dispatcher))
        .map(({ attributes: grant }) => emailOf(grant.member));
      return (
        queue !== undefined &&
        mayCall("google_cloud_tasks_queue_iam_member", caller) &&
        mayCall("google_cloud_run_v2_service_iam_member", dispatcher) &&
        actsAs.some((who) => who.includes("gcp-sa-cloudtasks")) &&
        (httpRequest.oidcToken === undefined || actsAs.includes(caller))
      );
    }),
};

/** What each rule says of a stack; nothing where all hold. */
function broken(stack: GoogleStack): Record<string, string[]> {
  const graph = new Graph(stack);
  const all = Object.entries(RULES).map(([rule, check]) => [rule, check(graph)] as const);
  return Object.fromEntries(all.filter(([, addresses]) => addresses.length > 0));
}

describe("the order of an apply", () => {
  test.each([...STACKS])("%s keeps every rule", (_, Stack) => {
    expect(broken(new Stack(testApp(), settings))).toEqual({});
  });

  test("all patterns in one stack, made with any options, keep every rule", () => {
    fc.assert(
      fc.property(variants, (variant) => {
        expect(broken(allPatterns(variant))).toEqual({});
      }),
      { numRuns: cases(12) },
    );
  }, 120_000);

  // A rule that looks at nothing would hold.
  test("every rule sees what it is about", () => {
    const graph = new Graph(
      allPatterns({
        encrypted: true,
        otherKey: true,
        ownBuilder: true,
        deadLetter: true,
        secret: true,
        foreignClient: false,
        scheduled: true,
      }),
    );
    const agents = new Set(graph.of(GRANT).filter(isAgentGrant).map(agentOf));
    expect([...agents].sort()).toEqual(Object.keys(API_OF_AGENT));
    for (const type of [
      "google_project_iam_custom_role",
      "google_project_iam_member",
      "google_cloudfunctions2_function",
      "google_workflows_workflow",
      "google_dataflow_job",
      "google_kms_crypto_key_iam_member",
    ]) {
      expect([type, graph.of(new RegExp(`^${type}$`)).length > 0]).toEqual([type, true]);
    }
    expect(graph.of(/^google_cloud_scheduler_job$/)).toHaveLength(3);
    expect(graph.of(/^time_sleep$/)).toHaveLength(4);
  });
});

describe("Wait", () => {
  test("pauses again as soon as there is something new to wait for", () => {
    const pauses = (more: boolean) => {
      const stack = testStack();
      testFunction(stack, "one");
      if (more) testFunction(stack, "two", { encryptionKey: key(stack, "more") });
      return new Graph(stack).of(/^time_sleep$/).map(({ attributes }) => attributes.triggers.after);
    };
    const [apis, builds] = pauses(false);
    const [moreApis, moreBuilds] = pauses(true);
    expect(apis).toContain("apis/cloudfunctions ");
    expect(moreApis).toContain("apis/cloudkms");
    expect(builds).toContain("function-sources/bucket/objectViewer-build-identity");
    expect([moreApis, moreBuilds]).not.toEqual([apis, builds]);
  });
});
