import { functionAliases } from "./google/cloud-functions";
import { serviceAlias } from "./google/cloud-run";
import type { Attributes } from "./google/resource-type";
import { block, blocks } from "./json";
import type { ProviderDefaults, StackResource } from "./model";
import { emailOf } from "./service-accounts";

/**
 * What works in a stack: a function or a container service, which are called by URL, or a worker
 * pool, which pulls.
 */
export interface StackWorker {
  readonly resource: StackResource;
  readonly kind: "function" | "service" | "pool";
  readonly name: string;
  /** Of its Cloud Run service; undefined where it cannot be known, and for a pool. */
  readonly uri: string | undefined;
  /** All that lead to it. */
  readonly urls: readonly URL[];
  /** The service account that it runs as, where the stack names one. */
  readonly email: string | undefined;
  /** Without the variables whose values are secrets'. */
  readonly environment: Attributes;
}

/** Reads a resource as a worker, by its type. In this order they are found. */
export const WORKERS: Readonly<Record<string, (resource: StackResource, defaults: ProviderDefaults) => StackWorker>> = {
  google_cloudfunctions2_function: (resource, defaults) => {
    const { attributes } = resource;
    const service = block(attributes, "service_config");
    const all = [service?.uri, attributes.url, ...functionAliases(attributes, defaults)];
    return {
      ...named(resource, "function", all),
      email: emailOf(service?.service_account_email),
      environment: block(service, "environment_variables") ?? {},
    };
  },
  google_cloud_run_v2_service: (resource, defaults) => {
    const { attributes } = resource;
    return container(resource, "service", [attributes.uri, serviceAlias(attributes, defaults)]);
  },
  google_cloud_run_v2_worker_pool: (resource) => container(resource, "pool", []),
};

/** The environment of a container, without the variables whose values are secrets'. */
export function containerEnvironment(container: Attributes | undefined): Attributes {
  const plain = blocks(container, "env").filter((variable) => block(variable, "value_source") === undefined);
  return Object.fromEntries(plain.map(({ name, value = "" }) => [name, value]));
}

/** Whether a URL is one of a worker's, or lies below it. */
export function leadsTo(url: unknown, { urls }: StackWorker): boolean {
  const asked = urlOf(url);
  return urls.some((own) => {
    const path = own.pathname.replace(/\/$/, "");
    return asked?.host === own.host && (asked.pathname === path || asked.pathname.startsWith(`${path}/`));
  });
}

function container(resource: StackResource, kind: "service" | "pool", urls: readonly unknown[]): StackWorker {
  const template = block(resource.attributes, "template");
  return {
    ...named(resource, kind, urls),
    email: emailOf(template?.service_account),
    environment: containerEnvironment(block(template, "containers")),
  };
}

/** @param urls the first is the main one */
function named(resource: StackResource, kind: StackWorker["kind"], urls: readonly unknown[]) {
  const [uri] = urls;
  return {
    resource,
    kind,
    name: String(resource.attributes.name),
    uri: typeof uri === "string" ? uri : undefined,
    urls: urls.map(urlOf).filter((url) => url !== undefined),
  };
}

/** Undefined for what is not a URL, such as an expression without a value. */
function urlOf(url: unknown): URL | undefined {
  return typeof url === "string" && URL.canParse(url) ? new URL(url) : undefined;
}
