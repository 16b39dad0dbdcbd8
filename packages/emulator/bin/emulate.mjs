#!/usr/bin/env node
import { fileURLToPath } from "node:url";
import { runTypeScript } from "@cdktf-serverless-ml/cli/run-typescript";

await runTypeScript(fileURLToPath(new URL("../src/cli.ts", import.meta.url)), process.argv.slice(2));
