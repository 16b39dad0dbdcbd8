import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { digest, shareable } from "./plan-files";

// `node scripts/ts.mjs scripts/ci-plan.ts <plan.json> <folder>`: writes what of a plan may leave the job that made it,
// <stack>.json for review and <stack>.sha256 to know the plan again. The stack is named by the plan's folder.
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
