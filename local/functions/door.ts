import { ApiError } from "../core/api-error";
import type { Authorizer, RestReply } from "../core/stand-in";
import type { TokenAuthority } from "../network";
import { forbidden, notFound, unauthorized } from "./refusals";
import type { FunctionSettings } from "./settings";

/** Where a request comes from: Google's services and the run's driver are inside, the functions' own code is not. */
export type Traffic = "internal" | "external";

const INVOKE = "run.routes.invoke";

/**
 * Whether Cloud Run lets a request through: first ingress, then IAM.
 * Sources: https://docs.cloud.google.com/run/docs/securing/ingress (which products are internal; a function that calls another
 * one directly is not), https://docs.cloud.google.com/run/docs/authenticating/service-to-service (audience),
 * https://docs.cloud.google.com/run/docs/troubleshooting (401 for a token that cannot be verified, 403 without one or without
 * the permission).
 * @returns the refusal; undefined where it may pass
 */
export function refusalAtDoor(
  { url, service, internalOnly }: FunctionSettings,
  { path, authorization, traffic }: { path: string; authorization: string | undefined; traffic: Traffic },
  { tokens, authorizer }: { tokens: TokenAuthority; authorizer: Authorizer },
): RestReply | undefined {
  if (internalOnly && traffic === "external") return notFound();
  const may = (email?: string) => reasonAgainst(() => authorizer.require(email ? { email } : {}, INVOKE, service));

  const identity = tokens.verify(authorization);
  const fault =
    authorization &&
    (!identity
      ? "The token could not be verified"
      : identity.expired
        ? `The token of ${identity.email} has expired`
        : identity.audience === undefined
          ? `This is an access token of ${identity.email}; an ID token is needed`
          : !isOf(identity.audience, url)
            ? `The token of ${identity.email} is for ${identity.audience}, not for ${url}`
            : undefined);
  if (fault || !identity) {
    // A service that anyone may invoke looks at no token.
    const reason = may();
    if (reason === undefined) return undefined;
    return fault ? unauthorized(path, fault) : forbidden(path, reason);
  }
  const reason = may(identity.email);
  return reason === undefined ? undefined : forbidden(path, reason);
}

/** The service's URL, with or without a path: push subscriptions and tasks take the target's whole URL by default. */
function isOf(audience: string, url: string): boolean {
  return URL.canParse(audience) && new URL(audience).origin === url;
}

/** @returns why not; undefined where it is allowed */
function reasonAgainst(require: () => void): string | undefined {
  try {
    require();
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error.message;
    throw error;
  }
}
