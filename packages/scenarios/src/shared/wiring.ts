import { block, isServiceAgent } from "@cdktf-serverless-ml/emulator";
import type { Stack, StackResource } from "@cdktf-serverless-ml/terraform-json";

type Attributes = StackResource["attributes"];

const FUNCTION = "google_cloudfunctions2_function";
/** Roles that allow to create objects. */
const CREATES_OBJECTS = /^roles\/storage\.object(Creator|User|Admin)$/;

/**
 * What a scenario reads from a stack that does not declare the scenario's outputs. The environment variables that a pattern
 * gives to its functions show the part that each function plays, whatever its code is.
 */
export class Wiring {
  constructor(private readonly stack: Stack) {}

  /** Attributes of all resources of a type. */
  all(type: string): Attributes[] {
    return this.stack.resources.filter((resource) => resource.type === type).map(({ attributes }) => attributes);
  }

  /** The first function that has all these environment variables. */
  functionWith(...variables: readonly string[]): Attributes | undefined {
    return this.all(FUNCTION).find((candidate) =>
      variables.every((name) => variablesOf(candidate)[name] !== undefined),
    );
  }

  /** E-mails of the service accounts that functions run as. */
  runtimeAccounts(): unknown[] {
    return this.all(FUNCTION).map((attributes) => serviceOf(attributes).service_account_email);
  }

  /** Members that may call a function, without Google's service agents. */
  invokers(called: Attributes): string[] {
    return this.members("google_cloud_run_v2_service_iam", ({ name }) => name === called.name, /^roles\/run\.invoker$/);
  }

  /** Members that may create objects in a bucket, without Google's service agents. */
  uploaders(bucket: unknown): string[] {
    return this.members("google_storage_bucket_iam", (grant) => grant.bucket === bucket, CREATES_OBJECTS);
  }

  /** Members in `<family>_member` and `<family>_binding` resources that match, without Google's service agents. */
  members(family: string, matches: (grant: Attributes) => boolean, role: RegExp): string[] {
    return [...this.all(`${family}_member`), ...this.all(`${family}_binding`)]
      .filter((grant) => matches(grant) && role.test(String(grant.role)))
      .flatMap(({ member, members }) => (member === undefined ? members : [member]))
      .map(String)
      .filter((member) => /^(serviceAccount|user):/.test(member) && !isServiceAgent(member));
  }
}

/** Environment variables of a function. */
export function variablesOf(attributes: Attributes): Attributes {
  return serviceOf(attributes).environment_variables ?? {};
}

/** URL of a function. */
export function uriOf(attributes: Attributes): string {
  return String(serviceOf(attributes).uri);
}

/** Host of a function's URL. */
export function hostOf(attributes: Attributes): string | undefined {
  return hostIn(serviceOf(attributes).uri);
}

/** Undefined for what is not a URL, such as an expression without a value. */
export function hostIn(url: unknown): string | undefined {
  return typeof url === "string" && URL.canParse(url) ? new URL(url).host : undefined;
}

/** Last segment of a resource name. */
export function shortName(name: unknown): string | undefined {
  return String(name).split("/").at(-1);
}

function serviceOf(attributes: Attributes): Attributes {
  return block(attributes, "service_config") ?? {};
}
