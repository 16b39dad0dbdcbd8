export { readSecrets, SecretsFileError } from "./read-secrets";
export { SecretManagerStandIn } from "./secret-manager";
export { type SecretReference, Secrets } from "./secrets";
