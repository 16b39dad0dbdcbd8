import { functionAliases } from "./google/cloud-functions";
import type { Attributes } from "./google/resource-type";
import { block } from "./json";
import type { ProviderDefaults, StackResource } from "./model";
import { emailOf } from "./service-accounts";

/** A function of a stack. */
export interface StackFunction {
  readonly resource: StackResource;
  readonly name: string;
  /** Of its Cloud Run service; undefined where it cannot be known. */
  readonly uri: string | undefined;
  /** All that lead to it. */
  readonly urls: readonly URL[];
  /** The service account that it runs as, where the stack names one. */
  readonly email: string | undefined;
  readonly environment: Attributes;
}

/** Reads a resource as a function. */
export function functionOf(resource: StackResource, defaults: ProviderDefaults): StackFunction {
  const { attributes } = resource;
  const service = block(attributes, "service_config");
  const all = [service?.uri, attributes.url, ...functionAliases(attributes, defaults)];
  return {
    resource,
    name: String(attributes.name),
    uri: typeof service?.uri === "string" ? service.uri : undefined,
    urls: all.map(urlOf).filter((url) => url !== undefined),
    email: emailOf(service?.service_account_email),
    environment: block(service, "environment_variables") ?? {},
  };
}

/** Whether a URL is one of a function's, or lies below it. */
export function leadsTo(url: unknown, { urls }: StackFunction): boolean {
  const asked = urlOf(url);
  return urls.some((own) => {
    const path = own.pathname.replace(/\/$/, "");
    return asked?.host === own.host && (asked.pathname === path || asked.pathname.startsWith(`${path}/`));
  });
}

/** Undefined for what is not a URL, such as an expression without a value. */
function urlOf(url: unknown): URL | undefined {
  return typeof url === "string" && URL.canParse(url) ? new URL(url) : undefined;
}
