export { readSecrets, SecretsFileError } from "./read-secrets";
export { SecretManagerEmulator } from "./secret-manager";
export { type SecretReference, Secrets } from "./secrets";
