import type { Authorizer } from "../core/emulator";
import type { Secrets } from "../secrets/secrets";
import type { FunctionSettings } from "./settings";

/**
 * Checks what a build does as the identity that the function names: it reads the source and the
 * copy that Cloud Functions makes of it, and writes its log and the image. Source:
 * https://docs.cloud.google.com/functions/docs/securing/build-custom-sa (roles logging.logWriter,
 * artifactregistry.writer, storage.objectViewer).
 *
 * A function that names none is built by the default compute identity, whose roles are usually not
 * the stack's.
 *
 * @throws ApiError PERMISSION_DENIED
 */
export function requireBuild(
  { buildIdentity, name, region, service, source }: FunctionSettings,
  { authorizer, projectNumber }: { authorizer: Authorizer; projectNumber: string },
): void {
  if (!buildIdentity) return;
  const project = service.split("/").slice(0, 2).join("/");
  const copies = `projects/_/buckets/gcf-v2-sources-${projectNumber}-${region}`;
  const required = [
    ["storage.objects.get", `projects/_/buckets/${source.bucket}/objects/${source.object}`],
    ["storage.objects.get", `${copies}/objects/${name}/function-source.zip`],
    ["logging.logEntries.create", project],
    ["artifactregistry.repositories.uploadArtifacts", project],
  ] as const;
  for (const [permission, resource] of required) authorizer.require({ email: buildIdentity }, permission, resource);
}

/**
 * A function's own identity reads the secrets in its environment, when it is deployed and when an
 * instance starts. Source: https://docs.cloud.google.com/run/docs/configuring/services/secrets
 * (roles/secretmanager.secretAccessor)
 *
 * @throws ApiError PERMISSION_DENIED
 */
export function requireSecrets(
  { identity, secrets }: FunctionSettings,
  { authorizer }: { readonly authorizer: Authorizer },
): void {
  for (const { name } of secrets) authorizer.require({ email: identity }, "secretmanager.versions.access", name);
}

/** Environment variables with their values. @throws Error for a secret without a value */
export function secretEnvironment({ address, secrets }: FunctionSettings, known?: Secrets): Record<string, string> {
  return Object.fromEntries(
    secrets.map(({ variable, name }) => {
      const value = known?.valueOf(name);
      if (value === undefined) throw new Error(`${address}: there is no value of the secret ${name}`);
      return [variable, value];
    }),
  );
}
