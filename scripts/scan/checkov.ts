import { spawnSync } from "node:child_process";
import { counted } from "@cdktf-serverless-ml/cli";

/** Result of one check over all stacks. */
export interface CheckResult {
  /** Such as `CKV_GCP_62`. */
  readonly id: string;
  /** Title of the check in checkov. */
  readonly asks: string;
  /** Number of resources that pass. */
  readonly passed: number;
  /** `<stack> <type>.<id>` of each resource that fails, sorted. */
  readonly failed: readonly string[];
}

/** Checkov is not installed, or ended without a report. */
export class CheckovError extends Error {}

/** The checkov version of docs/security.md's table. */
const CHECKOV_VERSION = "3.3.30";

/** @throws CheckovError if `checkov` is not on the PATH; the message says how to install it */
export function requireCheckov(): void {
  const version = spawnSync("checkov", ["--version"], { encoding: "utf8" });
  const found = version.error ? "is not on the PATH" : `is ${version.stdout.trim() || version.stderr.trim()}`;
  if (found !== `is ${CHECKOV_VERSION}`) {
    throw new CheckovError(
      `checkov ${found}; allowed is ${CHECKOV_VERSION}. Install it: pip install checkov==${CHECKOV_VERSION}`,
    );
  }
}

/**
 * Runs checkov on synthesized Terraform JSON, without network.
 *
 * @param folder holds a folder with `cdk.tf.json` for each stack
 * @throws CheckovError if it returns no report
 */
export function runCheckov(folder: string): CheckResult[] {
  const args = ["--directory", folder, "--framework", "terraform_json", "--compact", "--output", "json", "--soft-fail"];
  const { stdout, stderr, error } = spawnSync("checkov", args, { encoding: "utf8", maxBuffer: 2 ** 28 });
  if (error) throw new CheckovError(`checkov did not run: ${error.message}`);
  try {
    return readReport(JSON.parse(stdout));
  } catch (problem) {
    throw new CheckovError(`checkov gave no report: ${(problem as Error).message}\n${stderr.slice(-2000)}`);
  }
}

interface Finding {
  readonly check_id: string;
  readonly check_name: string;
  readonly file_path: string;
  readonly resource: string;
}

/**
 * Reads checkov's JSON report.
 *
 * @throws Error if it is not a report, or if checkov could not parse a file
 */
export function readReport(report: unknown): CheckResult[] {
  const { results, summary } = report as {
    results?: { passed_checks: Finding[]; failed_checks: Finding[] };
    summary?: { parsing_errors: number };
  };
  if (!results || !summary) throw new Error("it has no results");
  if (summary.parsing_errors > 0) throw new Error(`checkov could not parse ${counted(summary.parsing_errors, "file")}`);
  const found = new Map<string, { asks: string; passed: number; failed: string[] }>();
  const of = ({ check_id, check_name }: Finding) => {
    const check = found.get(check_id) ?? { asks: check_name, passed: 0, failed: [] };
    found.set(check_id, check);
    return check;
  };
  for (const finding of results.passed_checks) of(finding).passed++;
  for (const finding of results.failed_checks) {
    const stack = finding.file_path.split("/").at(-2) ?? finding.file_path;
    of(finding).failed.push(`${stack} ${finding.resource}`);
  }
  return [...found]
    .map(([id, { failed, ...check }]) => ({ id, ...check, failed: failed.sort() }))
    .sort((a, b) => Number(a.id.replace(/\D+/g, "")) - Number(b.id.replace(/\D+/g, "")));
}
