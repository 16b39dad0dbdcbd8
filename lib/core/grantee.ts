import { createHash } from "node:crypto";
import type { ITerraformDependable } from "cdktf";
import type { IConstruct } from "constructs";
import { isKnown, ValidationError } from "./validation";

/** A principal that roles are granted to. */
export interface Grantee {
  /** In IAM's notation, such as `serviceAccount:worker@acme-ml.iam.gserviceaccount.com`. */
  readonly member: string;
  /** Short and stable: a part of the construct id of each grant. */
  readonly id: string;
  /**
   * What each grant to it depends on. IAM refuses members that do not exist, and Google creates its
   * service agents itself.
   * @default - only what `member` refers to
   */
  readonly after?: readonly ITerraformDependable[];
}

/** Anything that acts with an identity: a service identity, a function, a workflow. */
export interface IGrantable {
  /** The principal that roles are granted to. */
  readonly grantee: Grantee;
}

/**
 * Principals of allow policies. Source:
 * https://docs.cloud.google.com/iam/docs/principal-identifiers (read 2026-11).
 */
const PRINCIPALS = [
  /^(user|group|serviceAccount):[^\s@:]+@[^\s@:]+\.[^\s@:]+$/,
  // A Kubernetes service account.
  /^serviceAccount:[a-z0-9.:-]+\.svc\.id\.goog\[[^/\]\s]+\/[^/\]\s]+\]$/,
  /^domain:[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/,
  /^principal(Set)?:\/\/[a-z.]+\.googleapis\.com\/\S+$/,
  /^project(Owner|Editor|Viewer):[a-z0-9.:-]+$/,
];

/**
 * A principal that this app does not create: a person, a group, an account of another project.
 *
 * @param member in IAM's notation: `user:…`, `group:…`, `serviceAccount:…`, `domain:…`,
 *   `principal://…`, `principalSet://…`, `projectOwner:…`, `projectEditor:…` or `projectViewer:…`
 * @throws ValidationError InvalidValue for any other form, and for `allUsers`: see
 *   {@link publicGrantee}
 */
export function externalGrantee(member: string): IGrantable {
  if (member === "allUsers" || member === "allAuthenticatedUsers") {
    throw new ValidationError(
      "InvalidValue",
      `grantee is "${member}", which is everybody on the internet; use publicGrantee() if that is what you want`,
    );
  }
  if (isKnown(member) && !PRINCIPALS.some((form) => form.test(member))) {
    throw new ValidationError(
      "InvalidValue",
      `grantee is "${member}"; allowed is a principal in IAM's notation: user:<e-mail>, group:<e-mail>, serviceAccount:<e-mail>, domain:<domain>, principal://…, principalSet://…, or projectOwner:, projectEditor:, projectViewer:<project>`,
    );
  }
  // The hash keeps `a.b@acme.com` and `a-b@acme.com` apart.
  const hash = createHash("sha256").update(member).digest("hex").slice(0, 6);
  return { grantee: { member, id: `${member.replace(/[^A-Za-z0-9]+/g, "-").toLowerCase()}-${hash}` } };
}

/**
 * Everybody on the internet, without credentials (`allUsers`). To be reached by them, a function
 * also needs `ingress: "ALLOW_ALL"`. Buckets of this package refuse this grantee, because they
 * prevent public access.
 */
export function publicGrantee(): IGrantable {
  return { grantee: { member: "allUsers", id: "all-users" } };
}

/**
 * The grantee id of a construct: its path without the stack, which is the same in every
 * environment.
 */
export function granteeId(construct: IConstruct): string {
  return construct.node.path.split("/").slice(1).join("-");
}
