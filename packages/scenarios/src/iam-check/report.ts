import type { Denial } from "@cdktf-serverless-ml/emulator";
import { shortAccount } from "@cdktf-serverless-ml/terraform-json";
import type { Verdict } from "../run/summary";
import type { Finding, IamReport } from "./check-iam";
import { grantText, type RemovableGrant, shortResource } from "./grants";

/**
 * `OK`: each binding is needed or documented as required, and none is missing. `PARTIAL`: none is
 * missing, and some are not shown to be needed. `FAILED`: one is missing or redundant.
 */
export function verdictOf({ missing, survivors }: Pick<IamReport, "missing" | "survivors">): Verdict {
  const open = survivors.filter(({ requirement }) => requirement === undefined);
  if (missing.length > 0 || open.some(({ finding }) => finding === "redundant")) return "FAILED";
  return open.length > 0 ? "PARTIAL" : "OK";
}

/** The report as `--json` prints it. */
export interface IamSummary {
  readonly stack: string;
  readonly verdict: Verdict;
  /** Members of IAM resources, and permissions of custom roles. */
  readonly bindings: number;
  /** Bindings without which a run is denied a call that they allow. */
  readonly necessary: number;
  /** The other bindings. */
  readonly unproven: readonly {
    readonly address: string;
    readonly member?: string;
    /** Of a custom role. */
    readonly permission?: string;
    readonly finding: Finding | "documented";
    readonly why: string;
    /** The page of Google's documentation that requires it. */
    readonly source?: string;
  }[];
  readonly missing: readonly {
    readonly member: string;
    readonly permission: string;
    readonly resource: string;
    readonly remedy: string;
  }[];
  /** Real time. */
  readonly seconds: number;
}

export function summaryOf({ stack, grants, necessary, survivors, missing, seconds }: IamReport): IamSummary {
  return {
    stack,
    verdict: verdictOf({ missing, survivors }),
    bindings: grants.length,
    necessary: necessary.length,
    unproven: survivors.map(({ grant: { address, member, permission }, finding, why, requirement }) => ({
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
  /**
   * Whether to leave out bindings that are needed or documented.
   * @default false
   */
  readonly quiet?: boolean;
  /** @default false */
  readonly colours?: boolean;
}

/** The report for people: each grant and what fails without it, then what to fix. */
export function describeIamReport(report: IamReport, { quiet = false, colours = false }: DescribeOptions = {}): string {
  const { stack, grants, necessary, survivors, missing, seconds } = report;
  const dim = (text: string) => (colours ? `\x1b[2m${text}\x1b[22m` : text);
  const entry = (sign: string, grant: RemovableGrant, why: string) =>
    `  ${sign}  ${grantText(grant)}\n      ${dim(grant.address)}\n      ${why}`;
  const needed = necessary.map(({ grant, denial }) => entry("ok", grant, `without it ${denialText(denial)}`));
  const kept = survivors.flatMap(({ grant, requirement }) =>
    requirement ? [entry("--", grant, `documented: ${requirement.why}\n      ${dim(requirement.source)}`)] : [],
  );
  const open = survivors.flatMap(({ grant, finding, why, requirement }) =>
    requirement ? [] : [entry(finding === "redundant" ? "!!" : "??", grant, `${finding}: ${why}`)],
  );
  const numbers = `bindings ${grants.length}, necessary ${necessary.length}, unproven ${survivors.length}, missing ${missing.length}`;
  return [
    ...(quiet ? [] : [...needed, ...kept]),
    ...open,
    ...missing.map((denial) => `  !!  missing: ${denialText(denial)}\n      ${denial.remedy}`),
    `${verdictOf(report)}  ${stack}  ${numbers}, ${seconds.toFixed(1)} s`,
  ].join("\n");
}

function denialText({ email, permission, resource }: Denial): string {
  return `${shortAccount(email) || "an unauthenticated caller"} lacks ${permission} on ${shortResource(resource)}`;
}
