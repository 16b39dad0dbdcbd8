import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./package-root";

const FRAMEWORK = "@google-cloud/functions-framework";

/** The part of npm's lock file that is functions-framework; `npm run lock:functions` writes it. */
interface FrameworkLock {
  readonly lockfileVersion: number;
  /** By folder, such as `node_modules/express`. */
  readonly packages: Readonly<Record<string, { readonly version: string }>>;
}

let lock: FrameworkLock | undefined;

/**
 * The files that tell the build what to install beside a bundle: functions-framework, and with the lock file every package
 * below it in one version with one checksum. With a lock file Google's buildpack runs `npm ci`, which installs exactly that;
 * without, versions differ from build to build
 * (https://docs.cloud.google.com/run/docs/runtimes/nodejs-dependencies).
 *
 * @param name of the function's package
 * @returns texts by file name
 */
export function manifestFiles(name: string): Map<string, string> {
  lock ??= JSON.parse(readFileSync(join(packageRoot(), "functions", "framework.lock.json"), "utf8")) as FrameworkLock;
  const { lockfileVersion, packages } = lock;
  const dependencies = { [FRAMEWORK]: packages[`node_modules/${FRAMEWORK}`]?.version };
  const locked = { name, lockfileVersion, requires: true, packages: { "": { name, dependencies }, ...packages } };
  return new Map([
    ["package.json", text({ name, private: true, main: "index.js", dependencies })],
    ["package-lock.json", text(locked)],
  ]);
}

function text(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
