import { one, type StackResource } from "@cdktf-serverless-ml/terraform-json";

type Attributes = StackResource["attributes"];

/** Whom a resource runs as. */
const RUNS_AS: Readonly<Record<string, (attributes: Attributes) => unknown>> = {
  google_cloud_scheduler_job: ({ http_target: target }) =>
    one(one(target).oauth_token).service_account_email ?? one(one(target).oidc_token).service_account_email,
  google_cloudfunctions2_function: ({ service_config: config }) => one(config).service_account_email,
  google_dataflow_job: ({ service_account_email: email }) => email,
  google_workflows_workflow: ({ service_account: account }) => account,
};

/** Whose token a resource presents to what it calls. */
const PRESENTS: Readonly<Record<string, (attributes: Attributes) => unknown>> = {
  google_cloud_tasks_queue: ({ http_target: target }) => one(one(target).oidc_token).service_account_email,
  google_pubsub_subscription: ({ push_config: push }) => one(one(push).oidc_token).service_account_email,
};

/** Which boxes act as which service account. */
export class Actors {
  private readonly running = new Map<string, string[]>();
  private readonly presenting = new Map<string, string>();
  private readonly building = new Set<string>();

  constructor(resources: readonly StackResource[]) {
    for (const { address, type, attributes } of resources) {
      const email = emailIn(RUNS_AS[type]?.(attributes));
      if (email) this.add(email, address);
      const token = emailIn(PRESENTS[type]?.(attributes));
      if (token) this.presenting.set(address, token);
      const builder = emailIn(one(attributes.build_config).service_account);
      if (builder) this.building.add(builder);
    }
  }

  add(email: string, key: string): void {
    const known = this.running.get(email) ?? [];
    if (!known.includes(key)) this.running.set(email, [...known, key]);
  }

  /** Keys of the boxes that run as it. */
  as(email: string): readonly string[] {
    return this.running.get(email) ?? [];
  }

  presents(address: string, email: string): boolean {
    return this.presenting.get(address) === email;
  }

  /** Whether it only builds functions. */
  builds(email: string): boolean {
    return this.building.has(email) && this.as(email).length === 0;
  }
}

/** The address of a service account, given as e-mail, member (`serviceAccount:…`) or resource name. */
export function emailIn(account: unknown): string | undefined {
  if (typeof account !== "string") return undefined;
  const [, email] =
    /^(?:serviceAccount:|projects\/[^/]+\/serviceAccounts\/)?([^:/@]+@[^:/@]+\.gserviceaccount\.com)$/.exec(account) ??
    [];
  return email;
}

/** Google's own accounts, through which its services work for a project. */
export function isServiceAgent(member: string): boolean {
  return /@(gcp-sa-[\w-]+|gs-project-accounts|serverless-robot-prod|dataflow-service-producer-prod|compute-system|cloudservices|cloudbuild)\./.test(
    member,
  );
}
