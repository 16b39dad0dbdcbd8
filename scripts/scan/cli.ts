import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runApp } from "../run-app";
import { CheckovError, type CheckResult, requireCheckov, runCheckov } from "./checkov";
import { synthesizeHardened } from "./hardened-app";
import { claimsOf, disagreements } from "./page";

const PAGE = "docs/security.md";
const USAGE = `usage: npm run scan

Runs the policy scanner checkov on the JSON of all stacks, as shipped and with every security option on. Compares the
results with ${PAGE}.

exit code: 0 the results are those of the page, 1 they differ, 2 checkov is missing`;

main().catch((error: Error) => {
  process.exitCode = error instanceof CheckovError ? 2 : 1;
  console.error(error instanceof CheckovError ? error.message : error);
});

async function main(): Promise<void> {
  const [argument] = process.argv.slice(2);
  if (argument !== undefined) {
    if (!["--help", "-h"].includes(argument)) throw new CheckovError(`Given ${argument}; allowed: no arguments`);
    console.log(USAGE);
    return;
  }
  requireCheckov();
  const shipped = runCheckov(join(await runApp(), "stacks"));
  const folder = mkdtempSync(join(tmpdir(), "serverless-ml-scan-"));
  let hardened: CheckResult[];
  try {
    synthesizeHardened(folder);
    hardened = runCheckov(join(folder, "stacks"));
  } finally {
    rmSync(folder, { recursive: true });
  }
  for (const { id, asks, passed, failed } of shipped) {
    const left = hardened.find((result) => result.id === id)?.failed.length ?? 0;
    console.log(`${id.padEnd(12)} ${count(passed, failed.length)}  with every option ${left} fail  ${asks}`);
  }
  console.log(`\n${total("as shipped", shipped)}; ${total("with every option on", hardened)}`);
  const problems = disagreements(claimsOf(readFileSync(PAGE, "utf8")), shipped, hardened);
  if (problems.length === 0) {
    console.log(`These are the results of ${PAGE}.`);
    return;
  }
  process.exitCode = 1;
  console.error(`These results differ from ${PAGE}:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
}

function count(passed: number, failed: number): string {
  return `${String(passed).padStart(3)} pass ${String(failed).padStart(3)} fail`;
}

function total(which: string, results: readonly CheckResult[]): string {
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failed.length, 0);
  return `${which}: ${passed} checks passed, ${failed} failed`;
}
