import { createHash } from "node:crypto";
import { KmsCryptoKeyIamMember } from "@cdktf/provider-google/lib/kms-crypto-key-iam-member";
import { Construct } from "constructs";
import type { IGrantable } from "../core/grantee";
import { singleton } from "../core/stack";
import { check, matches } from "../core/validation";
import { grantOnce } from "./grants";
import { RequiredApis } from "./required-apis";

/** Source of the form: https://cloud.google.com/kms/docs/resource-hierarchy#retrieve_resource_id */
const KEY_NAME =
  /^projects\/[a-z0-9.:-]+\/locations\/[a-z0-9-]+\/keyRings\/[A-Za-z0-9_-]{1,63}\/cryptoKeys\/[A-Za-z0-9_-]{1,63}$/;

/** Holds the grants on one key in a stack. */
class KeyGrants extends Construct {}

/**
 * A Cloud KMS key (CMEK) that encrypts the data of other resources. This app does not create it.
 */
export class EncryptionKey extends Construct {
  /**
   * Reports InvalidValue for a name of any other form.
   *
   * @param name `projects/<project>/locations/<location>/keyRings/<ring>/cryptoKeys/<key>`, in the
   *   location of the resources that it encrypts
   */
  constructor(
    scope: Construct,
    id: string,
    readonly name: string,
  ) {
    super(scope, id);
    check(this, [
      matches(
        "encryption key",
        name,
        KEY_NAME,
        "projects/<project>/locations/<location>/keyRings/<ring>/cryptoKeys/<key>",
      ),
    ]);
  }

  /** Short and stable: for the ids of constructs that a stack has once for each key. */
  get id(): string {
    return `key-${createHash("sha256").update(this.name).digest("hex").slice(0, 8)}`;
  }

  /**
   * Lets a service agent use the key. What the key encrypts depends on the grant.
   *
   * Grants `roles/cloudkms.cryptoKeyEncrypterDecrypter` on the key.
   *
   * @param scope in the stack of the grant
   */
  grantUse(scope: Construct, agent: IGrantable): KmsCryptoKeyIamMember {
    const grants = singleton(scope, this.id, (stack) => new KeyGrants(stack, this.id));
    return grantOnce(
      grants,
      "roles/cloudkms.cryptoKeyEncrypterDecrypter",
      agent,
      (id, grant) =>
        new KmsCryptoKeyIamMember(grants, id, {
          cryptoKeyId: this.name,
          ...grant,
          // The grantee brings the pause after its API.
          dependsOn: [RequiredApis.of(scope).enable("cloudkms")],
        }),
    );
  }
}
