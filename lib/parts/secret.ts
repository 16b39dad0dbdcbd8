import { SecretManagerSecretIamMember } from "@cdktf/provider-google/lib/secret-manager-secret-iam-member";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import type { IGrantable } from "../core/grantee";
import { inSameStack } from "../core/stack";
import { check, matches } from "../core/validation";
import { grantOnce } from "./grants";
import { RequiredApis } from "./required-apis";

/**
 * A secret in Secret Manager that this app does not create. Its value is never in the code, the
 * plan or the state.
 */
export class Secret extends Construct {
  /**
   * Reports InvalidValue.
   *
   * @param name of a secret in the deployment's project: 1 to 255 of `A-Za-z0-9_-`
   * @param version a number, or `latest`
   */
  constructor(
    scope: Construct,
    id: string,
    readonly name: string,
    readonly version = "latest",
  ) {
    super(scope, id);
    check(this, [
      matches("secret name", name, /^[A-Za-z0-9_-]{1,255}$/, "1 to 255 of A-Z, a-z, 0-9, _ and -"),
      matches("secret version", version, /^(latest|[1-9]\d*)$/, "a number or latest"),
    ]);
  }

  /** Id of the project that has the secret: the deployment's. */
  get project(): string {
    return Deployment.of(this).project;
  }

  /**
   * Lets a principal read the secret's value. Grants `roles/secretmanager.secretAccessor` on the
   * secret.
   */
  grantAccess(to: IGrantable): SecretManagerSecretIamMember {
    return grantOnce(
      this,
      "roles/secretmanager.secretAccessor",
      to,
      (id, grant) =>
        new SecretManagerSecretIamMember(this, id, {
          project: this.project,
          secretId: this.name,
          ...grant,
          dependsOn: RequiredApis.of(this).ready("secretmanager"),
        }),
    );
  }
}

/**
 * Lets a principal read secrets. Reports OtherStack for a secret of another stack.
 *
 * @param noun what reads the secrets, for the message
 */
export function grantSecrets(
  to: Construct & IGrantable,
  secrets: Readonly<Record<string, Secret>> = {},
  noun: string,
): SecretManagerSecretIamMember[] {
  return Object.values(secrets)
    .filter((secret) => inSameStack(to, secret, `make a Secret of the same name in the stack of the ${noun}`))
    .map((secret) => secret.grantAccess(to));
}
