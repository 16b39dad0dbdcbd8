import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { digest, shareable } from "./plan-files";

// `node scripts/ts.mjs scripts/ci-plan.ts <plan.json> <folder>`: writes the parts of a plan that
// may leave the CI job: <stack>.json for review, and <stack>.sha256 to compare it with a later
// plan. The name of the plan's folder is the stack's name.
const [file, folder, ...rest] = process.argv.slice(2);
if (!file || !folder || rest.length > 0) fail("usage: node scripts/ts.mjs scripts/ci-plan.ts <plan.json> <folder>");
const plan = JSON.parse(readFileSync(file, "utf8"));
if (typeof plan?.format_version !== "string") {
  fail(`${file} is not what terraform show -json writes of a plan: it has no format_version`);
}
const stack = basename(dirname(resolve(file)));
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, `${stack}.json`), JSON.stringify(shareable(plan)));
writeFileSync(join(folder, `${stack}.sha256`), `${digest(plan)}\n`);

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
