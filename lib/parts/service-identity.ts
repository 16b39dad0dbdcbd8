import { ServiceAccount, type ServiceAccountConfig } from "@cdktf/provider-google/lib/service-account";
import { ServiceAccountIamMember } from "@cdktf/provider-google/lib/service-account-iam-member";
import { Construct } from "constructs";
import { Deployment } from "../core/deployment";
import { type Grantee, granteeId, type IGrantable } from "../core/grantee";
import { resourceName } from "../core/names";
import { literal } from "../core/terraform-text";
import { grantOnce } from "./grants";
import { RequiredApis } from "./required-apis";

/** Properties of {@link ServiceIdentity}. */
export interface ServiceIdentityProps {
  /** What acts with this identity, shown in Google's console. Cut to 256 bytes of UTF-8. */
  readonly description: string;
  /**
   * 6 to 30 of `a-z0-9-`.
   * @default - made of the construct path and the environment
   */
  readonly name?: string;
  /**
   * Shallow overrides of the inner `google_service_account`.
   * @default - none
   */
  readonly overrides?: Partial<ServiceAccountConfig>;
}

/** A service account for one workload or one caller. Reports InvalidName. */
export class ServiceIdentity extends Construct implements IGrantable {
  /** The inner `google_service_account`. */
  readonly resource: ServiceAccount;
  /** Address of the service account, as Terraform knows it. */
  readonly email: string;
  readonly grantee: Grantee;

  constructor(scope: Construct, id: string, props: ServiceIdentityProps) {
    super(scope, id);
    const accountId = resourceName(this, "serviceAccount", props.name);
    this.resource = new ServiceAccount(this, "Resource", {
      project: Deployment.of(this).project,
      accountId,
      displayName: accountId,
      // Descriptions contain construct paths. IAM takes 256 bytes of UTF-8
      // (ServiceAccount.description).
      description: literal(cutToBytes(props.description, 256)),
      dependsOn: RequiredApis.of(this).ready("iam"),
      ...props.overrides,
    });
    this.email = this.resource.email;
    this.grantee = { member: this.resource.member, id: granteeId(this) };
  }

  /**
   * Lets a principal act as this identity: attach it to a task, a job or a worker.
   *
   * Grants `roles/iam.serviceAccountUser` on this service account.
   */
  grantActAs(to: IGrantable): ServiceAccountIamMember {
    return this.grant("roles/iam.serviceAccountUser", to);
  }

  /**
   * Lets a principal mint ID tokens of this identity.
   *
   * Grants `roles/iam.serviceAccountOpenIdTokenCreator` on this service account.
   */
  grantOpenIdTokens(to: IGrantable): ServiceAccountIamMember {
    return this.grant("roles/iam.serviceAccountOpenIdTokenCreator", to);
  }

  private grant(role: string, to: IGrantable): ServiceAccountIamMember {
    return grantOnce(
      this,
      role,
      to,
      (id, grant) => new ServiceAccountIamMember(this, id, { serviceAccountId: this.resource.name, ...grant }),
    );
  }
}

/**
 * The beginning of a text that has at most `max` bytes of UTF-8, without a partial character at its
 * end.
 */
export function cutToBytes(text: string, max: number): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.from(text).subarray(0, max), { stream: true });
}
