import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { counted } from "@cdktf-serverless-ml/cli";

/**
 * The latest version of cdktn that passed. `npm run synth:cdktn -- <version>` tries another one.
 */
const CDKTN = "0.24.0";
/** All files that synthesis reads. */
const SOURCES = [
  "cdktf.json",
  "functions",
  "lib",
  "main.ts",
  "package-lock.json",
  "pipelines",
  "scripts",
  "tsconfig.json",
  "workers",
  "workflows",
];
/** Packages that import cdktf. They must be reinstalled, so that they find cdktn. */
const PACKAGES = ["@cdktf/provider-google", "@cdktf/provider-time", "constructs"];
const MOST_DIFFERENCES = 20;

class CommandError extends Error {}

// `npm run synth:cdktn`: synthesizes a temporary copy of the project in which cdktf is an alias of
// its successor cdktn. Compares all output with cdktf's. Exits with 1 if anything but the version
// differs.
const [version = CDKTN] = process.argv.slice(2);
if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
  console.error(`the version of cdktn is ${JSON.stringify(version)}; allowed is an exact one, such as ${CDKTN}`);
  process.exit(1);
}
const workspace = mkdtempSync(join(tmpdir(), "synth-cdktn-"));
try {
  process.exitCode = compare(workspace, version);
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(workspace, { recursive: true });
}

function compare(workspace: string, version: string): number {
  const copy = join(workspace, "project");
  for (const path of SOURCES) cpSync(path, join(copy, path), { recursive: true });
  writeFileSync(join(copy, "package.json"), JSON.stringify(withAlias(version), undefined, 2));
  run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], copy);
  linkOthers("node_modules", join(copy, "node_modules"));
  const installed = JSON.parse(readFileSync(join(copy, "node_modules", "cdktf", "package.json"), "utf8"));
  if (installed.name !== "cdktn") throw new Error(`node_modules/cdktf is ${installed.name}, not cdktn`);

  const [ours, theirs] = [join(workspace, "cdktf"), join(workspace, "cdktn")];
  run(process.execPath, ["scripts/ts.mjs", "scripts/synth.ts"], ".", ours);
  run(process.execPath, ["scripts/ts.mjs", "scripts/synth.ts"], copy, theirs);

  const stacks = [...new Set([ours, theirs].flatMap((folder) => readdirSync(join(folder, "stacks"))))].sort();
  const failed = stacks.filter((stack) => {
    const differences = differencesOf(join(ours, "stacks", stack), join(theirs, "stacks", stack));
    console.log(`${stack.padEnd(26)}${differences.length === 0 ? "equal" : counted(differences.length, "difference")}`);
    for (const difference of differences.slice(0, MOST_DIFFERENCES)) console.log(`  ${difference}`);
    return differences.length > 0;
  });
  const verdict = failed.length === 0 ? "the same stacks" : `other stacks: ${failed.join(", ")}`;
  console.log(`cdktn ${installed.version} writes ${verdict}`);
  return failed.length === 0 ? 0 : 1;
}

/** The alias and the overrides of docs/versions.md. */
function withAlias(version: string): object {
  const { devDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  return {
    private: true,
    dependencies: {
      ...Object.fromEntries(PACKAGES.map((name) => [name, devDependencies[name]])),
      cdktf: `npm:cdktn@${version}`,
    },
    // The providers require cdktf ^0.21.0.
    overrides: Object.fromEntries(
      PACKAGES.filter((name) => name.startsWith("@cdktf/")).map((name) => [name, { cdktf: "$cdktf" }]),
    ),
  };
}

/**
 * Links the packages that were not installed. So the functions' bundles contain the same files: a
 * bundle also depends on which optional packages (such as debug's supports-color) are installed.
 */
function linkOthers(from: string, to: string): void {
  for (const name of readdirSync(from).filter((name) => !name.startsWith("."))) {
    if (name.startsWith("@")) {
      mkdirSync(join(to, name), { recursive: true });
      linkOthers(join(from, name), join(to, name));
    } else if (!existsSync(join(to, name))) {
      symlinkSync(resolve(from, name), join(to, name));
    }
  }
}

/** Output goes to the terminal, since it explains failures. */
function run(command: string, args: readonly string[], folder: string, outdir?: string): void {
  const env = { ...process.env, CHECKPOINT_DISABLE: "1", ...(outdir && { CDKTF_OUTDIR: resolve(outdir) }) };
  const { status, error } = spawnSync(command, args, { cwd: folder, env, stdio: ["ignore", "inherit", "inherit"] });
  const why = error ? error.message : `exit code ${status}`;
  if (status !== 0) throw new CommandError(`${[command, ...args].join(" ")} failed (${why}); what it says is above`);
}

/** One line for each file, and each place in the JSON, that differs. */
function differencesOf(ours: string, theirs: string): string[] {
  const files = [...new Set([ours, theirs].flatMap(filesIn))].sort();
  return files.flatMap((file) => {
    const [before, after] = [join(ours, file), join(theirs, file)];
    if (!existsSync(after)) return [`${file} is only written by cdktf`];
    if (!existsSync(before)) return [`${file} is only written by cdktn`];
    if (file.endsWith(".tf.json")) return differencesInJson(file, normalised(before), normalised(after));
    return digest(before) === digest(after) ? [] : [`${file} has other bytes`];
  });
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** The JSON without the version of cdktf or cdktn. */
function normalised(file: string): unknown {
  const json = JSON.parse(readFileSync(file, "utf8"));
  delete json["//"]?.metadata?.version;
  return json;
}

function differencesInJson(path: string, before: unknown, after: unknown): string[] {
  if (isObject(before) && isObject(after) && Array.isArray(before) === Array.isArray(after)) {
    const keys = [...new Set([before, after].flatMap(Object.keys))].sort();
    return keys.flatMap((key) => differencesInJson(`${path} ${key}`, before[key], after[key]));
  }
  return before === after ? [] : [`${path}: ${text(before)} with cdktf, ${text(after)} with cdktn`];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function text(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value).slice(0, 100);
}

function digest(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}
