import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";

/**
 * A small project with the layout of this one. Each of its imports breaks one rule of
 * `.dependency-cruiser.cjs`.
 */
const FILES = {
  "lib/core/down.ts": 'import "../parts/part";',
  "lib/parts/part.ts": 'import type { Stack } from "../patterns/pattern"; export type Part = Stack;',
  "lib/parts/barrel.ts": 'import "@cdktf/provider-google";',
  "lib/patterns/pattern.ts": 'import "./worker"; export interface Stack {}',
  "lib/patterns/worker.ts": "export {};",
  "lib/patterns/sideways.ts": 'import "./pattern";',
  "lib/stacks/stack.ts": 'import "./outputs"; import "../index";',
  "lib/stacks/outputs.ts": "export {};",
  "lib/index.ts": 'import type { Env } from "../functions/f/index"; export type E = Env;',
  "lib/runs.ts": 'import "../functions/f/environment";',
  "lib/types.ts": 'import type { Environment } from "../functions/f/environment"; export type E = Environment;',
  "functions/f/index.ts": 'import "constructs"; export interface Env {}',
  "functions/f/environment.ts": "export interface Environment {}",
  "functions/f/gone.ts": 'import "./gone-away";',
  "packages/a/package.json": '{ "name": "@cdktf-serverless-ml/a", "exports": "./src/index.ts" }',
  "packages/a/src/index.ts": 'import "../../../lib/index"; import "undeclared"; import "./one";',
  "packages/a/src/one.ts": 'import type { Two } from "./two"; export interface One { two: Two }',
  "packages/a/src/two.ts": 'import type { One } from "./one"; export interface Two { one: One }',
  "packages/b/package.json":
    '{ "name": "@cdktf-serverless-ml/b", "dependencies": { "@cdktf-serverless-ml/a": "1.0.0" } }',
  "packages/b/src/index.ts": 'import "@cdktf-serverless-ml/a"; import "../../a/src/one";',
  "packages/c/package.json": '{ "name": "@cdktf-serverless-ml/c" }',
  "packages/c/src/index.ts": 'import "@cdktf-serverless-ml/a";',
  "node_modules/@cdktf/provider-google/package.json": '{ "main": "lib/index.js" }',
  "node_modules/@cdktf/provider-google/lib/index.js": "",
  "node_modules/constructs/package.json": '{ "main": "lib/index.js" }',
  "node_modules/constructs/lib/index.js": "",
  "node_modules/undeclared/package.json": '{ "main": "index.js" }',
  "node_modules/undeclared/index.js": "",
  "package.json": '{ "dependencies": { "constructs": "1", "@cdktf/provider-google": "1" } }',
  "tsconfig.json": "{}",
};

const BROKEN = [
  "functions-alone: functions/f/index.ts -> node_modules/constructs/lib/index.js",
  "lib-core: lib/core/down.ts -> lib/parts/part.ts",
  "lib-functions-types: lib/runs.ts -> functions/f/environment.ts",
  "lib-functions: lib/index.ts -> functions/f/index.ts",
  "lib-parts: lib/parts/part.ts -> lib/patterns/pattern.ts",
  "lib-patterns: lib/patterns/sideways.ts -> lib/patterns/pattern.ts",
  "lib-stacks: lib/stacks/stack.ts -> lib/index.ts",
  "no-circles: packages/a/src/one.ts -> packages/a/src/two.ts",
  "no-provider-barrel: lib/parts/barrel.ts -> node_modules/@cdktf/provider-google/lib/index.js",
  "nothing-missing: functions/f/gone.ts -> ./gone-away",
  "packages-by-name: packages/b/src/index.ts -> packages/a/src/one.ts",
  "packages-c: packages/c/src/index.ts -> packages/a/src/index.ts",
  "packages-npm: packages/a/src/index.ts -> node_modules/undeclared/index.js",
  "packages-product: packages/a/src/index.ts -> lib/index.ts",
];

interface Report {
  readonly summary: { readonly violations: readonly { rule: { name: string }; from: string; to: string }[] };
}

test("npm run check:imports finds each import that a rule forbids, and no other", async () => {
  const folder = mkdtempSync(join(tmpdir(), "walls-"));
  try {
    for (const [name, content] of Object.entries(FILES)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), `${content}\n`);
    }
    mkdirSync(join(folder, "node_modules/@cdktf-serverless-ml"));
    symlinkSync(join(folder, "packages/a"), join(folder, "node_modules/@cdktf-serverless-ml/a"), "junction");
    cpSync(".dependency-cruiser.cjs", join(folder, ".dependency-cruiser.cjs"));
    const depcruise = resolve("node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
    const args = [depcruise, "--output-type", "json", "lib", "functions", "packages"];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder });
    const { summary } = JSON.parse(stdout) as Report;
    expect(summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`).sort()).toEqual(BROKEN);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
