import { createHash } from "node:crypto";

/** DNS allows 63 characters in a label; the hash and the region take 14 of them. */
const LONGEST_NAME = 49;

/**
 * The URL of a function's Cloud Run service, in the form that Google gives: `https://<name>-<hash>-<region>.a.run.app`.
 * Google draws the hash; here it follows from project, region and name, so that it is known before anything runs. The region
 * is its initials, as Google has it for the common ones (`uc`, `ew`, `ue`).
 */
export function functionUri(name: string, region: string, project: string): string {
  const hash = BigInt(`0x${createHash("sha256").update(`${project}/${region}/${name}`).digest("hex")}`).toString(36);
  const initials = region.split("-").map((part) => part.charAt(0));
  return `https://${name.slice(0, LONGEST_NAME)}-${hash.slice(0, 10)}-${initials.slice(0, 2).join("")}.a.run.app`;
}
