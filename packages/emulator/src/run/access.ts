import { ApiError } from "../core/api-error";
import type { Authorizer, RestReply } from "../core/emulator";
import type { TokenAuthority } from "../network";
import { forbidden, notFound, unauthorized } from "./error-pages";
import type { ServiceSettings } from "./service-settings";

/**
 * Where a request comes from. Google's services and the run's client are inside the network, the
 * workers' own code is outside.
 */
export type Traffic = "internal" | "external";

const INVOKE = "run.routes.invoke";

/**
 * Whether Cloud Run lets a request through: first ingress, then IAM. Sources:
 * https://docs.cloud.google.com/run/docs/securing/ingress (which products are internal; a function
 * or a service that calls another one directly is not),
 * https://docs.cloud.google.com/run/docs/configuring/custom-audiences (audience),
 * https://docs.cloud.google.com/run/docs/troubleshooting (401 for a token that cannot be verified,
 * 403 without one or without the permission).
 *
 * @returns the error page; undefined if the request may pass
 */
export function accessError(
  settings: ServiceSettings,
  {
    path,
    authorization,
    traffic,
    call,
  }: { path: string; authorization: string | undefined; traffic: Traffic; call?: number },
  { tokens, authorizer }: { tokens: TokenAuthority; authorizer: Authorizer },
): RestReply | undefined {
  const { url, service, internalOnly, open } = settings;
  if (internalOnly && traffic === "external") return notFound();
  if (open) return undefined;
  const may = (email?: string) =>
    reasonAgainst(() => authorizer.require({ ...(email && { email }), call }, INVOKE, service));

  const identity = tokens.verify(authorization);
  const fault =
    authorization &&
    (!identity
      ? "The token could not be verified"
      : identity.expired
        ? `The token of ${identity.email} has expired`
        : identity.audience === undefined
          ? `This is an access token of ${identity.email}; an ID token is needed`
          : !isFor(identity.audience, settings)
            ? `The token of ${identity.email} is for ${identity.audience}; Cloud Run takes the service's URL, ${url}, without path or query`
            : undefined);
  if (fault || !identity) {
    // A service that everybody may invoke ignores tokens.
    const reason = may();
    if (reason === undefined) return undefined;
    return fault ? unauthorized(path, fault) : forbidden(path, reason);
  }
  const reason = may(identity.email);
  return reason === undefined ? undefined : forbidden(path, reason);
}

/**
 * A service's audiences are its own URLs, the function's URL of Cloud Functions, and its custom
 * audiences. No document says that an audience with a path or query passes. The default
 * audiences of tasks, push subscriptions, schedules and workflows have them.
 */
function isFor(audience: string, { url, aliases, audiences }: ServiceSettings): boolean {
  return audiences.includes(audience) || [url, ...aliases].includes(audience.replace(/\/$/, ""));
}

/** @returns why not; undefined if it is allowed */
function reasonAgainst(require: () => void): string | undefined {
  try {
    require();
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error.message;
    throw error;
  }
}
