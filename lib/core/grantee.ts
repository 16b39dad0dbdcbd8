import { createHash } from "node:crypto";
import type { IConstruct } from "constructs";

/** Somebody that roles are granted to. */
export interface Grantee {
  /** IAM's notation, such as `serviceAccount:worker@acme-ml.iam.gserviceaccount.com`. */
  readonly member: string;
  /** Short and stable: part of the construct id of each grant. */
  readonly id: string;
}

/** Anything that acts with an identity: a service identity, a function, a workflow, ... */
export interface IGrantable {
  readonly grantee: Grantee;
}

/**
 * Somebody whom this app does not create: a person, a group, an account of another project.
 *
 * @param member in IAM's notation: `user:…`, `group:…`, `serviceAccount:…`, `principal:…` or `principalSet:…`
 */
export function externalGrantee(member: string): IGrantable {
  // The hash keeps `a.b@acme.com` and `a-b@acme.com` apart.
  const hash = createHash("sha256").update(member).digest("hex").slice(0, 6);
  return { grantee: { member, id: `${member.replace(/[^A-Za-z0-9]+/g, "-").toLowerCase()}-${hash}` } };
}

/** The grantee id of a construct: its path without the stack, so that it is the same in every environment. */
export function granteeId(construct: IConstruct): string {
  return construct.node.path.split("/").slice(1).join("-");
}
