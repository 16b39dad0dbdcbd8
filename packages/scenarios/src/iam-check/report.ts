import type { Denial } from "@cdktf-serverless-ml/emulator";
import { shortAccount } from "@cdktf-serverless-ml/terraform-json";
import type { Verdict } from "../run/summary";
import type { Finding, IamReport } from "./check-iam";
import { type Grant, inWords, shortResource } from "./grants";

/**
 * `OK`: each binding is needed, or documented as required, and none is missing. `PARTIAL`: none is missing, and of some it is
 * not known whether they are needed. `FAILED`: one is missing or redundant.
 */
export function verdictOf({ missing, unproven }: Pick<IamReport, "missing" | "unproven">): Verdict {
  const open = unproven.filter(({ requirement }) => requirement === undefined);
  if (missing.length > 0 || open.some(({ finding }) => finding === "redundant")) return "FAILED";
  return open.length > 0 ? "PARTIAL" : "OK";
}

/** What programs read. */
export interface ProofSummary {
  readonly stack: string;
  readonly verdict: Verdict;
  /** Members of IAM resources, and permissions of custom roles. */
  readonly bindings: number;
  /** Of these, those without which a run is denied something that they would have allowed. */
  readonly necessary: number;
  readonly unproven: readonly {
    readonly address: string;
    readonly member?: string;
    /** Of a custom role. */
    readonly permission?: string;
    readonly finding: Finding | "documented";
    readonly why: string;
    /** Where Google asks for it. */
    readonly source?: string;
  }[];
  readonly missing: readonly {
    readonly member: string;
    readonly permission: string;
    readonly resource: string;
    readonly remedy: string;
  }[];
  /** On the wall. */
  readonly seconds: number;
}

export function summaryOf({ stack, grants, necessary, unproven, missing, seconds }: IamReport): ProofSummary {
  return {
    stack,
    verdict: verdictOf({ missing, unproven }),
    bindings: grants.length,
    necessary: necessary.length,
    unproven: unproven.map(({ grant: { address, member, permission }, finding, why, requirement }) => ({
      address,
      ...(permission === undefined ? { member } : { permission }),
      finding: requirement ? "documented" : finding,
      why: requirement?.why ?? why,
      ...(requirement && { source: requirement.source }),
    })),
    missing: missing.map(({ email, permission, resource, remedy }) => ({
      member: email === "" ? "nobody" : `serviceAccount:${email}`,
      permission,
      resource,
      remedy,
    })),
    seconds,
  };
}

export interface DescribeOptions {
  /** Says nothing of what is necessary or documented. Default false. */
  readonly quiet?: boolean;
  /** Default false. */
  readonly colours?: boolean;
}

/** A table for people: each grant and what fails without it, then what is to be done. */
export function describeIamReport(proof: IamReport, { quiet = false, colours = false }: DescribeOptions = {}): string {
  const { stack, grants, necessary, unproven, missing, seconds } = proof;
  const dim = (text: string) => (colours ? `\x1b[2m${text}\x1b[22m` : text);
  const entry = (sign: string, grant: Grant, why: string) =>
    `  ${sign}  ${inWords(grant)}\n      ${dim(grant.address)}\n      ${why}`;
  const proven = necessary.map(({ grant, denial }) => entry("ok", grant, `without it ${lack(denial)}`));
  const kept = unproven.flatMap(({ grant, requirement }) =>
    requirement ? [entry("--", grant, `unproven: ${requirement.why}\n      ${dim(requirement.source)}`)] : [],
  );
  const open = unproven.flatMap(({ grant, finding, why, requirement }) =>
    requirement ? [] : [entry(finding === "redundant" ? "!!" : "??", grant, `${finding}: ${why}`)],
  );
  const numbers = `bindings ${grants.length}, necessary ${necessary.length}, unproven ${unproven.length}, missing ${missing.length}`;
  return [
    ...(quiet ? [] : [...proven, ...kept]),
    ...open,
    ...missing.map((denial) => `  !!  missing: ${lack(denial)}\n      ${denial.remedy}`),
    `${verdictOf(proof)}  ${stack}  ${numbers}, ${seconds.toFixed(1)} s`,
  ].join("\n");
}

function lack({ email, permission, resource }: Denial): string {
  return `${shortAccount(email) || "nobody"} lacks ${permission} on ${shortResource(resource)}`;
}
