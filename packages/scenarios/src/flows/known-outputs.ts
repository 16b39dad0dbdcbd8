import { block, isServiceAgent } from "@cdktf-serverless-ml/emulator";
import type { Stack, StackResource } from "@cdktf-serverless-ml/terraform-json";

type Attributes = StackResource["attributes"];
type Outputs = Readonly<Record<string, unknown>>;

const FUNCTION = "google_cloudfunctions2_function";

/**
 * The outputs by which a stack's architectures are known and used. Those that a stack lacks are read from its resources: the
 * variables that a pattern gives to its functions say which part each of them plays, whatever their code is.
 */
export function knownOutputs(stack: Stack): Outputs {
  const wiring = new Wiring(stack);
  return {
    ...wiring.scheduledPreprocessing(),
    ...wiring.pubsubFanout(),
    ...wiring.eventWorkflow(),
    ...wiring.taskPipeline(),
    ...wiring.asyncBatch(),
    ...stack.outputs,
  };
}

class Wiring {
  constructor(private readonly stack: Stack) {}

  asyncBatch(): Outputs {
    const submitter = this.functionWith("INPUT_BUCKET", "OUTPUT_BUCKET", "QUEUE", "DISPATCH_DEADLINE_SECONDS");
    if (!submitter) return {};
    const { INPUT_BUCKET, OUTPUT_BUCKET } = variablesOf(submitter);
    return {
      submitter_url: uriOf(submitter),
      input_bucket_name: INPUT_BUCKET,
      output_bucket_name: OUTPUT_BUCKET,
      client: this.invokers(submitter).find((member) => this.uploads(member, INPUT_BUCKET)),
    };
  }

  taskPipeline(): Outputs {
    const start = this.functionWith("RUN_BUCKET", "QUEUE", "STEPS");
    if (!start) return {};
    const { RUN_BUCKET, STEPS } = variablesOf(start);
    return {
      start_url: uriOf(start),
      run_bucket_name: RUN_BUCKET,
      pipeline_steps: JSON.parse(String(STEPS)).map(({ name }: { name: string }) => name),
      client: this.invokers(start).find((member) => this.uploads(member, RUN_BUCKET)),
    };
  }

  eventWorkflow(): Outputs {
    const starter = this.functionWith("WORKFLOW", "UPLOAD_BUCKET");
    if (!starter) return {};
    const { WORKFLOW, UPLOAD_BUCKET } = variablesOf(starter);
    const name = String(WORKFLOW).split("/").at(-1);
    const workflow = this.all("google_workflows_workflow").find((candidate) => candidate.name === name);
    return {
      workflow_name: name,
      bucket_name: UPLOAD_BUCKET,
      results_bucket_name: workflow?.user_env_vars?.RESULTS_BUCKET,
      client: this.members("google_storage_bucket_iam", (grant) => grant.bucket === UPLOAD_BUCKET, CREATES)[0],
    };
  }

  pubsubFanout(): Outputs {
    const worker = this.functionWith("SUBSCRIBER", "RESULTS_BUCKET");
    const topic = worker && this.subscriptions().find(({ pushes }) => pushes === hostOf(worker))?.topic;
    if (!worker || topic === undefined) return {};
    const topicName = topic.split("/").at(-1);
    const own = this.stack.resources.map(({ attributes }) => `serviceAccount:${runtimeOf(attributes)}`);
    return {
      topic_name: topicName,
      subscription_names: this.subscriptions()
        .filter((subscription) => subscription.topic === topic)
        .map(({ name }) => name),
      results_bucket_name: variablesOf(worker).RESULTS_BUCKET,
      client: this.members(
        "google_pubsub_topic_iam",
        (grant) => String(grant.topic).split("/").at(-1) === topicName,
        /^roles\/pubsub\.publisher$/,
      ).find((member) => !own.includes(member)),
    };
  }

  scheduledPreprocessing(): Outputs {
    const launcher = this.functionWith("LAUNCH", "TEMPLATE_PATH", "DATAFLOW_LOCATION");
    if (!launcher) return {};
    const queue = this.all("google_cloud_tasks_queue").find(
      (candidate) => block(block(candidate, "http_target") ?? {}, "uri_override")?.host === hostOf(launcher),
    );
    const schedule = this.all("google_cloud_scheduler_job").find((job) =>
      String(block(job, "http_target")?.uri).includes(`/queues/${queue?.name}/tasks`),
    );
    const { parameters = {} } = JSON.parse(String(variablesOf(launcher).LAUNCH)) as { parameters?: object };
    const buckets = new Set(this.all("google_storage_bucket").map(({ name }) => name));
    return {
      task_queue_name: queue?.name,
      schedule_name: schedule?.name,
      launcher_url: uriOf(launcher),
      output_bucket_name: Object.values(parameters)
        .map((value) => /^gs:\/\/([^/]+)/.exec(String(value))?.[1])
        .find((bucket) => buckets.has(bucket)),
    };
  }

  private all(type: string): Attributes[] {
    return this.stack.resources.filter((resource) => resource.type === type).map(({ attributes }) => attributes);
  }

  private functionWith(...variables: readonly string[]): Attributes | undefined {
    return this.all(FUNCTION).find((candidate) =>
      variables.every((name) => variablesOf(candidate)[name] !== undefined),
    );
  }

  private subscriptions() {
    return this.all("google_pubsub_subscription").map((attributes) => {
      const endpoint = block(attributes, "push_config")?.push_endpoint;
      return {
        name: String(attributes.name),
        topic: String(attributes.topic),
        pushes: hostIn(endpoint),
      };
    });
  }

  /** Who may call a function, Google's agents apart. */
  private invokers(called: Attributes): string[] {
    return this.members("google_cloud_run_v2_service_iam", ({ name }) => name === called.name, /^roles\/run\.invoker$/);
  }

  private uploads(member: string, bucket: unknown): boolean {
    return this.members("google_storage_bucket_iam", (grant) => grant.bucket === bucket, CREATES).includes(member);
  }

  /** Members of a family's `_iam_member` and `_iam_binding` that match, Google's agents apart. */
  private members(family: string, on: (grant: Attributes) => boolean, role: RegExp): string[] {
    return [...this.all(`${family}_member`), ...this.all(`${family}_binding`)]
      .filter((grant) => on(grant) && role.test(String(grant.role)))
      .flatMap(({ member, members }) => (member === undefined ? members : [member]))
      .map(String)
      .filter((member) => /^(serviceAccount|user):/.test(member) && !isServiceAgent(member));
  }
}

/** Roles that let create objects. */
const CREATES = /^roles\/storage\.object(Creator|User|Admin)$/;

function serviceOf(attributes: Attributes): Attributes {
  return block(attributes, "service_config") ?? {};
}

function variablesOf(attributes: Attributes): Attributes {
  return serviceOf(attributes).environment_variables ?? {};
}

function uriOf(attributes: Attributes): string {
  return String(serviceOf(attributes).uri);
}

function hostOf(attributes: Attributes): string | undefined {
  return hostIn(serviceOf(attributes).uri);
}

/** Undefined for what is not a URL, such as an expression without a value. */
function hostIn(url: unknown): string | undefined {
  return typeof url === "string" && URL.canParse(url) ? new URL(url).host : undefined;
}

function runtimeOf(attributes: Attributes): unknown {
  return serviceOf(attributes).service_account_email;
}
