import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

export const ROOT = join(__dirname, "..", "..");

/** The stacks that main.ts synthesizes, each named as its file in lib/stacks. */
export const STACK_NAMES = readdirSync(join(ROOT, "lib", "stacks"))
  .map((file) => file.replace(".ts", ""))
  .filter((name) => name !== "outputs")
  .sort();

const folders: string[] = [];

/** A new folder, removed by {@link removeFolders}. */
export function temporaryFolder(name: string): string {
  const folder = join(mkdtempSync(join(tmpdir(), "serverless-ml-")), name);
  mkdirSync(folder);
  folders.push(join(folder, ".."));
  return folder;
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Links the installed packages one by one, so that the folder has a cache of its own. */
export function linkPackages(folder: string): void {
  const from = join(ROOT, "node_modules");
  const to = join(folder, "node_modules");
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (name.startsWith("@")) {
      mkdirSync(join(to, name), { recursive: true });
      for (const scoped of readdirSync(join(from, name)))
        symlinkSync(target(join(from, name, scoped)), join(to, name, scoped));
    } else if (!name.startsWith(".")) {
      symlinkSync(join(from, name), join(to, name));
    }
  }
}

/** Workspaces are links into the project, and so they stay in the copy. */
function target(path: string): string {
  return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : path;
}

/** What a clone of the project holds that synthesis reads, with other times on every file. */
export function copyProject(folder: string): void {
  for (const path of [
    "cdktf.json",
    "functions",
    "lib",
    "main.ts",
    "package.json",
    "packages",
    "scripts",
    "tsconfig.json",
    "pipelines",
    "workers",
    "workflows",
  ]) {
    cpSync(join(ROOT, path), join(folder, path), { recursive: true, filter: (file) => !file.includes("__tests__") });
  }
  const past = new Date(2001, 2, 3);
  for (const file of filesIn(folder)) lutimesSync(join(folder, file), past, past);
  linkPackages(folder);
}

/** Writes a file, and the folders above it. */
export function writeInto(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** Runs a command; what it prints is in the error when it fails. */
export function run(command: string, args: readonly string[], cwd: string, env: Record<string, string> = {}): string {
  return execFileSync(command, args, { cwd, env: { ...cleanEnvironment(), ...env }, encoding: "utf8", stdio: "pipe" });
}

/** This process's environment without what overrides settings. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const settings = /^(GOOGLE_|GCLOUD_|CLOUDSDK_|CDKTF_|VERTEX_|NOTIFICATION_|LABELS$|SCHEDULE|STATE_BUCKET$|DEPLOY_)/;
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !settings.test(name))),
    CHECKPOINT_DISABLE: "1",
  };
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** SHA-256 of each file below a folder, by path. */
export function hashes(folder: string): Record<string, string> {
  return Object.fromEntries(
    filesIn(folder).map((file) => [
      file,
      createHash("sha256")
        .update(readFileSync(join(folder, file)))
        .digest("hex"),
    ]),
  );
}
