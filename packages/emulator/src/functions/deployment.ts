import type { Authorizer } from "../core/emulator";
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
