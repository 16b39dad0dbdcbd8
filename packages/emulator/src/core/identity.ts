import type { Tokens } from "./emulator";

/** The identity whose token a request of Cloud Tasks, Cloud Scheduler or Pub/Sub carries. */
export type Identity =
  | { readonly kind: "oidc"; readonly email: string; readonly audience?: string }
  | { readonly kind: "oauth"; readonly email: string };

export const CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform";

/**
 * The Authorization header. The URL is the default audience: `OidcToken.audience` in
 * google/cloud/tasks/v2/target.proto.
 */
export function bearer(tokens: Tokens, identity: Identity, url: string): string {
  const token =
    identity.kind === "oauth"
      ? tokens.accessToken(identity.email)
      : tokens.idToken(identity.email, identity.audience ?? url);
  return `Bearer ${token}`;
}
