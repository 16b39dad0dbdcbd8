import { defineService } from "../core/service";
import { SecretManagerEmulator } from "./secret-manager-emulator";
import type { Secrets } from "./secrets";

export interface SecretManagerOptions {
  /** Their values. */
  readonly secretStore: Secrets;
}

export const secretManager = defineService({
  name: "Secret Manager",
  simulated: { google_secret_manager_secret_version: ["secret", "secret_data", "deletion_policy"] },
  passive: {
    google_secret_manager_secret: "holds versions; their values come from their own resources, or from --secrets",
  },
  apis: [
    {
      name: "google.cloud.secretmanager.v1.SecretManagerService",
      hosts: ["secretmanager.googleapis.com"],
      methods: { AccessSecretVersion: "GET /v1/{name=projects/*/secrets/*/versions/*}:access" },
    },
  ],
  permissions: ["secretmanager.versions.access"],
  policies: ["projects/*/secrets/*"],
  create: (context, resources, { secretStore }: SecretManagerOptions) =>
    new SecretManagerEmulator(context, resources, secretStore),
});

export { readSecrets, SecretsFileError } from "./read-secrets";
export { type SecretReference, Secrets } from "./secrets";
