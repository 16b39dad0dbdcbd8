// Runs a TypeScript file: `node scripts/ts.mjs <file.ts> [arguments]`.
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { runTypeScript } from "@cdktf-serverless-ml/cli/run-typescript";

const [file, ...rest] = process.argv.slice(2);
if (!file) {
  console.error("usage: node scripts/ts.mjs <file.ts> [arguments]");
  process.exit(2);
}
await runTypeScript(resolve(dirname(fileURLToPath(import.meta.url)), "..", file), rest);
