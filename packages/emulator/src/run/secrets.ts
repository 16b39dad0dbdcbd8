import type { Authorizer } from "../core/emulator";
import type { Secrets } from "../secrets/secrets";
import type { ServiceSettings } from "./service-settings";

/**
 * A worker's own identity reads the secrets in its environment, when it is deployed and when an
 * instance starts. Source: https://docs.cloud.google.com/run/docs/configuring/services/secrets
 * (roles/secretmanager.secretAccessor)
 *
 * @throws ApiError PERMISSION_DENIED
 */
export function requireSecrets(
  { identity, secrets }: Pick<ServiceSettings, "identity" | "secrets">,
  { authorizer }: { readonly authorizer: Authorizer },
): void {
  for (const { name } of secrets) authorizer.require({ email: identity }, "secretmanager.versions.access", name);
}

/** Environment variables with their values. @throws Error for a secret without a value */
export function secretEnvironment(
  { address, secrets }: Pick<ServiceSettings, "address" | "secrets">,
  known?: Secrets,
): Record<string, string> {
  return Object.fromEntries(
    secrets.map(({ variable, name }) => {
      const value = known?.valueOf(name);
      if (value === undefined) throw new Error(`${address}: there is no value of the secret ${name}`);
      return [variable, value];
    }),
  );
}
