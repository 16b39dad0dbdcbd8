import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import nodeModule from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { unzipSync } from "fflate";
import { FunctionSource } from "../../lib/core/function-source";
import { environments } from "../support/environments";
import { onlyIf } from "../support/only-if";

// The script that Google's build runs in a function's source, and instances that start after it.

const FRAMEWORK = resolve("node_modules/@google-cloud/functions-framework");
const roots: string[] = [];

afterAll(() => {
  for (const root of roots) {
    // The script closes the folders of the cache.
    const cache = join(root, ".compile-cache");
    const closed = existsSync(cache) ? [cache, ...readdirSync(cache).map((each) => join(cache, each))] : [];
    for (const each of closed) chmodSync(each, 0o755);
    rmSync(root, { recursive: true, force: true });
  }
});

/** What is uploaded of a function, with its packages installed. */
function installed(source: FunctionSource, { framework = true } = {}): string {
  const root = mkdtempSync(join(tmpdir(), "compile-cache-"));
  roots.push(root);
  for (const [file, bytes] of Object.entries(unzipSync(source.archive().bytes))) writeFileSync(join(root, file), bytes);
  mkdirSync(join(root, "node_modules", "@google-cloud"), { recursive: true });
  if (framework) symlinkSync(FRAMEWORK, join(root, "node_modules", "@google-cloud", "functions-framework"), "junction");
  return root;
}

/** A function of this code. */
function written(code: string): FunctionSource {
  const root = mkdtempSync(join(tmpdir(), "compile-cache-"));
  roots.push(root);
  writeFileSync(join(root, "index.js"), code);
  return FunctionSource.typescript(root);
}

/** Runs the script as npm does. */
function build(root: string): SpawnSyncReturns<string> {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
  return spawnSync(scripts["gcp-build"], { cwd: root, shell: true, encoding: "utf8", env: { ...process.env, PATH } });
}

const versions = (root: string) => readdirSync(join(root, ".compile-cache"));

test.each([
  ["ends the process", "process.exit(3);"],
  ["fails", "throw new Error('no database');"],
  ["kills the process", "process.kill(process.pid, 'SIGKILL');"],
])("the build goes on where a module %s when it is loaded", (_, code) => {
  const { status, stdout } = build(installed(written(code)));
  expect([status, stdout]).toEqual([0, expect.stringMatching(/^Node\.js v\S+ keeps \d+ compiled files in \S+\n$/)]);
});

test("the build goes on where it finds no framework", () => {
  const { status, stdout } = build(installed(FunctionSource.builtIn("batch-worker"), { framework: false }));
  expect([status, stdout]).toEqual([0, expect.stringContaining(" compiled files in ")]);
});

const hasCache = "enableCompileCache" in nodeModule;
onlyIf(hasCache, `Node.js ${process.version} has no compile cache, which 22.8 and newer have`, () => {
  const source = FunctionSource.builtIn("batch-worker");
  const root = hasCache ? installed(source) : "";
  const cache = join(root, ".compile-cache");

  beforeAll(() => {
    expect(build(root)).toMatchObject({ status: 0, stdout: expect.stringMatching(/keeps 1\d\d compiled files/) });
  });

  /** Starts an instance. Tells what became of the modules that it compiled. */
  async function start(more: Readonly<Record<string, string>> = {}): Promise<Readonly<Record<string, number>>> {
    const child = spawn(
      process.execPath,
      [join(FRAMEWORK, "build", "src", "main.js"), "--target=handler", "--port=0"],
      {
        cwd: root,
        env: {
          ...environments["batch-worker"],
          ...source.archive().environment,
          NODE_DEBUG_NATIVE: "COMPILE_CACHE",
          ...more,
        },
      },
    );
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        output += chunk;
        if (output.includes("URL: ")) child.kill("SIGTERM");
      });
    }
    await once(child, "close");
    expect(output).toContain("URL: ");
    const count = (what: string) => output.split(`was ${what},`).length - 1;
    return { accepted: count("accepted"), rejected: count("rejected"), compiled: count("not initialized") };
  }

  test("an instance compiles nothing", async () => {
    const { accepted, ...others } = await start();
    expect(accepted).toBeGreaterThan(100);
    expect(others).toEqual({ rejected: 0, compiled: 0 });
  });

  const major = Number.parseInt(process.versions.node, 10);
  onlyIf(major >= 24, `Node.js ${major} takes no code that was compiled with another heap size`, () => {
    test("nor with the heap size that Google starts it with", async () => {
      const { accepted, ...others } = await start({ NODE_OPTIONS: "--max-old-space-size=409" });
      expect(accepted).toBeGreaterThan(100);
      expect(others).toEqual({ rejected: 0, compiled: 0 });
    });
  });

  describe("where the cache is of another version of Node.js, an instance", () => {
    const other = "v24.0.0-x64-00000000-33";

    beforeAll(() => {
      const [version = ""] = versions(root);
      chmodSync(cache, 0o755);
      renameSync(join(cache, version), join(cache, other));
      chmodSync(cache, 0o555);
    });

    test("starts without it", async () => {
      const { accepted, rejected } = await start();
      // A module that is loaded twice is found the second time, by a user who may write.
      expect(accepted).toBeLessThan(10);
      expect(rejected).toBe(0);
    });

    onlyIf(process.getuid?.() !== 0, "root may write everywhere", () => {
      test("makes none of its own", async () => {
        expect(await start()).toEqual({ accepted: 0, rejected: 0, compiled: 0 });
        expect(versions(root)).toEqual([other]);
      });
    });
  });
});
