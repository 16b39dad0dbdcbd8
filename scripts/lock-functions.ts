import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { counted } from "@cdktf-serverless-ml/cli";
import { frameworkLock } from "./framework-lock";

// `npm run lock:functions`: writes functions/framework.lock.json. Run it after package-lock.json
// has another version of functions-framework or of one of its dependencies.
const file = join("functions", "framework.lock.json");
const lock = frameworkLock(JSON.parse(readFileSync("package-lock.json", "utf8")));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`wrote ${file}: ${counted(Object.keys(lock.packages).length, "package")}`);
