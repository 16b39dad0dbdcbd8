import { SERVICE_AGENTS } from "./google";

/**
 * The e-mail of a service account, given as e-mail, member (`serviceAccount:…`) or full name;
 * undefined for anything else.
 */
export function emailOf(account: unknown): string | undefined {
  if (typeof account !== "string") return undefined;
  const [, email] =
    /^(?:serviceAccount:|projects\/[^/]+\/serviceAccounts\/)?([^:/@]+@[^:/@]+\.gserviceaccount\.com)$/.exec(account) ??
    [];
  return email;
}

/**
 * The e-mail of one of Google's own accounts in a project.
 *
 * @param domain such as `gcp-sa-cloudtasks`
 */
export function serviceAgent(projectNumber: string, domain: string): string {
  return `service-${projectNumber}@${domain}.iam.gserviceaccount.com`;
}

/** The account of workloads for which a stack names none. */
export function defaultComputeAccount(projectNumber: string): string {
  return `${projectNumber}-compute@developer.gserviceaccount.com`;
}

/** Accounts of Google's that are named after the project's number alone. */
const NUMBERED = /@(cloudservices|cloudbuild)\.gserviceaccount\.com$/;

/**
 * Whether an account, by its e-mail or as a member, is one of Google's own in a project
 * (https://cloud.google.com/iam/docs/service-agents).
 */
export function isServiceAgent(account: string): boolean {
  // The domain is enough if the project's number is not known.
  return /(^|:)service-\d+@/.test(account) || agentDomain(account) !== undefined || NUMBERED.test(account);
}

/**
 * The domain of one of Google's own accounts, such as `gcp-sa-pubsub`; undefined for other
 * accounts.
 */
export function agentDomain(account: string): string | undefined {
  const [, number = "", domain = ""] =
    /^(?:serviceAccount:)?service-([^@]+)@([^@]+)\.iam\.gserviceaccount\.com$/.exec(account) ?? [];
  const isKnown =
    /^\d+$/.test(number) ||
    /^(gcp-sa-[\w-]+|gs-project-accounts)$/.test(domain) ||
    SERVICE_AGENTS.some((agent) => agent.domain === domain);
  return domain !== "" && isKnown ? domain : undefined;
}

/** An account in few words: what stands before the @; of one of Google's own, its domain. */
export function shortAccount(account: string): string {
  return (
    agentDomain(account) ?? account.replace(/^serviceAccount:/, "").replace(/@[^@\s]+\.iam\.gserviceaccount\.com$/, "")
  );
}
